-- Append. It checks everything before it writes anything, because Redis does not roll back what
-- a script has written when a later command fails.
-- KEYS: 3 ops (hash: command key -> seq and digest)
-- ARGV: 1-3 expected epoch, seq, hash; 4 genesis of epoch 1; 5 genesis of the
-- expected epoch; 6 window; 7 "1" to make a write that WAIT can count in any case; 8 page,
-- 9 page bytes; 10 channel, 11 message; 12 deadline in microseconds of Redis's clock, or empty;
-- then key, digest, hash, body of each record.
-- Returns {outcome, epoch, seq, hash, seconds, microseconds, …}.
local first = 13
local forbidden = not_permitted({
	{ 'XADD', KEYS[1], '1-0', 'k', '' }, { 'HSET', KEYS[2], 'seq', '' }, { 'HINCRBY', KEYS[2], 'touched', 1 },
	{ 'HSET', KEYS[3], '', '' }, { 'HDEL', KEYS[3], '' }, { 'PUBLISH', ARGV[10], '' },
})
if forbidden then
	return forbidden
end
local epoch, seq, hash = read_head(ARGV[4])
if not seq then
	return epoch
end
local now = redis.call('TIME')

local known = {}
for i = first, #ARGV, 4 do
	local op = redis.call('HGET', KEYS[3], ARGV[i])
	if op then
		local at = string.match(op, '^%d+') or '0'
		local fields = entry(at)
		known[#known + 1] = { ARGV[i], at, string.sub(op, #at + 2), fields and fields[4] or '', fields and fields[2] or '' }
	end
end
-- After the first write Redis lets a script write although memory is short. So the write that
-- changes nothing comes only if no record is to be added.
if #known > 0 then
	require_master()
	if ARGV[7] == '1' then
		redis.call('HINCRBY', KEYS[2], 'touched', 1)
	end
	return { 'known', epoch, seq, hash, now[1], now[2], known }
end

-- With an entry missing, a command that is in the log could be stored again, or refused for good.
local head, window = tonumber(seq), tonumber(ARGV[6])
local entries = redis.call('HLEN', KEYS[3])
if entries ~= math.min(head, window) then
	return redis.error_reply('MFINDEX it has ' .. entries .. ' entries in place of ' .. math.min(head, window))
end

if epoch ~= ARGV[1] or seq ~= ARGV[2] or hash ~= ARGV[3] then
	require_master()
	local answer = { 'conflict', epoch, seq, hash, now[1], now[2] }
	if epoch == ARGV[1] and tonumber(ARGV[2]) < tonumber(seq) then
		local stored = ARGV[2] == '0' and ARGV[5] or hash_at(ARGV[2])
		if stored == ARGV[3] then
			answer[7] = read_page(ARGV[2], tonumber(ARGV[8]), tonumber(ARGV[9]))
		end
	end
	return answer
end

-- The clock is that of this execution: the call may have waited for long in a socket's buffer. The
-- result refuses commands for good, so it must be as durable as that of a duplicate key.
if ARGV[12] ~= '' and now[1] * 1000000 + now[2] > tonumber(ARGV[12]) then
	require_master()
	if ARGV[7] == '1' then
		redis.call('HINCRBY', KEYS[2], 'touched', 1)
	end
	return { 'expired', epoch, seq, hash, now[1], now[2] }
end

for i = first, #ARGV, 4 do
	head = head + 1
	local at = string.format('%d', head)
	redis.call('XADD', KEYS[1], at .. '-0', 'k', ARGV[i], 'd', ARGV[i + 1], 'h', ARGV[i + 2], 'b', ARGV[i + 3])
	redis.call('HSET', KEYS[3], ARGV[i], at .. ':' .. ARGV[i + 1])
	if head > window then
		local old = entry(string.format('%d', head - window))
		if old then
			redis.call('HDEL', KEYS[3], old[2])
		end
	end
end
seq, hash = string.format('%d', head), ARGV[#ARGV - 1]
redis.call('HSET', KEYS[2], 'epoch', epoch, 'seq', seq, 'hash', hash)
redis.call('PUBLISH', ARGV[10], ARGV[11])
return { 'appended', epoch, seq, hash, now[1], now[2] }
