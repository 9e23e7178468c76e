-- CheckHead. If WAIT is to follow it also makes a write, because WAIT counts only the writes of
-- its own connection.
-- ARGV: 1-3 epoch, seq, hash; 4 genesis of epoch 1; 5 "1" to make a write
-- Returns {"confirmed" or "moved", epoch, seq, hash, seconds, microseconds}.
require_master()
local epoch, seq, hash = read_head(ARGV[4])
if not seq then
	return epoch
end
local now = redis.call('TIME')
local outcome = 'moved'
if epoch == ARGV[1] and seq == ARGV[2] and hash == ARGV[3] then
	outcome = 'confirmed'
	if ARGV[5] == '1' then
		redis.call('HINCRBY', KEYS[2], 'touched', 1)
	end
end
return { outcome, epoch, seq, hash, now[1], now[2] }
