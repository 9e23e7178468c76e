-- RebuildIndex: makes the known command keys again from the records. Nothing else runs meanwhile.
-- KEYS: 3 ops (hash: command key -> seq and digest)
-- ARGV: 1 window, 2 genesis of epoch 1
-- Returns {"replaced", epoch, seq, hash, seconds, microseconds}.
local forbidden = not_permitted({ { 'DEL', KEYS[3] }, { 'HSET', KEYS[3], '', '' } })
if forbidden then
	return forbidden
end
require_master()
local epoch, seq, hash = read_head(ARGV[2])
if not seq then
	return epoch
end
local now = redis.call('TIME')
redis.call('DEL', KEYS[3])
local last = math.max(0, tonumber(seq) - tonumber(ARGV[1]))
while last do
	local found = redis.call('XRANGE', KEYS[1], '(' .. string.format('%d', last) .. '-0', '+', 'COUNT', 16)
	last = nil
	for _, record in ipairs(found) do
		local at = string.match(record[1], '^%d+')
		last = tonumber(at)
		redis.call('HSET', KEYS[3], record[2][2], at .. ':' .. record[2][4])
	end
end
return { 'replaced', epoch, seq, hash, now[1], now[2] }
