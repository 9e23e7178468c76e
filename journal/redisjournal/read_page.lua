-- Read.
-- ARGV: 1 after, 2 page, 3 page bytes, 4 genesis of epoch 1
-- Returns {"page", epoch, seq, hash, seconds, microseconds, hash of record after, records}.
local failure = not_master()
if failure then
	return failure
end
local epoch, seq, hash = read_head(ARGV[4])
if not seq then
	return epoch
end
local now = redis.call('TIME')
local answer = { 'page', epoch, seq, hash, now[1], now[2], '', {} }
if tonumber(ARGV[1]) < tonumber(seq) and tonumber(ARGV[2]) > 0 then
	answer[7] = hash_at(ARGV[1])
	answer[8] = read_page(ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
end
return answer
