-- PutSnapshot: stores a state unless the log is in another epoch.
-- KEYS: 3 snap (hash)
-- ARGV: 1-3 epoch, seq, hash of the state; 4 genesis of epoch 1; 5 the state, 6 its sum
-- Returns {"put" or "moved", epoch, seq, hash, seconds, microseconds} of the log.
local epoch, seq, hash = read_head(ARGV[4])
if not seq then
	return epoch
end
local now = redis.call('TIME')
if epoch ~= ARGV[1] then
	require_master()
	return { 'moved', epoch, seq, hash, now[1], now[2] }
end
redis.call('HSET', KEYS[3], 'epoch', ARGV[1], 'seq', ARGV[2], 'hash', ARGV[3], 'state', ARGV[5], 'sum', ARGV[6])
return { 'put', epoch, seq, hash, now[1], now[2] }
