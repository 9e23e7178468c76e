-- CheckIndexes: compares a page of records with the known command keys.
-- KEYS: 3 ops (hash: command key -> seq and digest)
-- ARGV: 1 after, 2 page, 3 window, 4 genesis of epoch 1
-- Returns {"checked", epoch, seq, hash, seconds, microseconds, number of keys, last seq of the
-- page, the first seq whose key is not known as it should be, or 0}.
local failure = not_master()
if failure then
	return failure
end
local epoch, seq, hash = read_head(ARGV[4])
if not seq then
	return epoch
end
local now = redis.call('TIME')
local last, wrong, size = tonumber(ARGV[1]), '0', tonumber(ARGV[2])
while size > 0 do
	local found = redis.call('XRANGE', KEYS[1], '(' .. string.format('%d', last) .. '-0', '+', 'COUNT', math.min(16, size))
	for _, record in ipairs(found) do
		local at = string.match(record[1], '^%d+')
		last = tonumber(at)
		local known = redis.call('HGET', KEYS[3], record[2][2])
		if wrong == '0' and last > tonumber(seq) - tonumber(ARGV[3]) and known ~= at .. ':' .. record[2][4] then
			wrong = at
		end
	end
	size = #found > 0 and size - #found or 0
end
return { 'checked', epoch, seq, hash, now[1], now[2], string.format('%d', redis.call('HLEN', KEYS[3])), string.format('%d', last), wrong }
