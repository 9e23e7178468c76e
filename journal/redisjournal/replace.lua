-- Replace: puts the staged records in the place of the log.
-- KEYS: 3 ops, 4 snap, 5 staged log, 6 staged ops
-- ARGV: 1-3 expected epoch, seq, hash; 4 genesis of epoch 1; 5-7 new epoch, seq,
-- hash; 8 staged ops' size; 9 channel, 10 message
-- A result that the true master could contradict (replaced, moved) follows a write, which only a
-- master accepts.
-- Returns {"replaced" or "moved" or "unstaged", epoch, seq, hash, seconds, microseconds}.
local forbidden = not_permitted({
	{ 'UNLINK', KEYS[1], KEYS[3], KEYS[4], KEYS[5], KEYS[6] }, { 'RENAME', KEYS[5], KEYS[1] }, { 'RENAME', KEYS[6], KEYS[3] },
	{ 'PERSIST', KEYS[1] }, { 'PERSIST', KEYS[3] }, { 'HSET', KEYS[2], 'seq', '' }, { 'PUBLISH', ARGV[9], '' },
})
if forbidden then
	return forbidden
end
local epoch, seq, hash = read_head(ARGV[4])
if not seq then
	return epoch
end
local now = redis.call('TIME')
local function result(outcome)
	return { outcome, epoch, seq, hash, now[1], now[2] }
end
if epoch ~= ARGV[1] or seq ~= ARGV[2] or hash ~= ARGV[3] then
	redis.call('UNLINK', KEYS[5], KEYS[6])
	return result('moved')
end
if redis.call('XLEN', KEYS[5]) ~= tonumber(ARGV[6]) or redis.call('HLEN', KEYS[6]) ~= tonumber(ARGV[8]) then
	return result('unstaged')
end
redis.call('UNLINK', KEYS[1], KEYS[3], KEYS[4])
for staged, place in pairs({ [5] = 1, [6] = 3 }) do
	if redis.call('EXISTS', KEYS[staged]) == 1 then
		redis.call('RENAME', KEYS[staged], KEYS[place])
		redis.call('PERSIST', KEYS[place])
	end
end
epoch, seq, hash = ARGV[5], ARGV[6], ARGV[7]
redis.call('HSET', KEYS[2], 'epoch', epoch, 'seq', seq, 'hash', hash)
redis.call('PUBLISH', ARGV[9], ARGV[10])
return result('replaced')
