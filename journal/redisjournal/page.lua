-- What every script begins with.
-- KEYS: 1 log (stream), 2 meta (hash), further ones by script.

-- where answers epoch, seq and hash as strings, or an error alone; genesis is the
-- hash of a log that nobody has written.
local function where(genesis)
	local head = redis.call('HMGET', KEYS[2], 'epoch', 'seq', 'hash')
	if head[1] and head[2] and head[3] then
		return head[1], head[2], head[3]
	end
	if head[1] or redis.call('EXISTS', KEYS[1]) == 1 then
		return redis.error_reply('MFCORRUPT the log has records but no head')
	end
	return '1', '0', genesis
end

-- entry answers the fields of record seq as XADD took them, or nil.
local function entry(seq)
	local id = seq .. '-0'
	local found = redis.call('XRANGE', KEYS[1], id, id)
	return found[1] and found[1][2]
end

-- hash_at answers the stored hash of record seq; none for 0.
local function hash_at(seq)
	local fields = seq ~= '0' and entry(seq)
	return fields and fields[6] or ''
end

-- page answers the records after a number, in one page: {id, fields} each.
local function page(after, limit, bytes)
	local records, size, from = {}, 0, '(' .. after .. '-0'
	while #records < limit and size <= bytes do
		local want = math.min(16, limit - #records)
		local found = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', want)
		for _, record in ipairs(found) do
			if size <= bytes then
				records[#records + 1] = record
				size = size + #record[2][8]
			end
		end
		if #found < want then
			break
		end
		from = '(' .. found[#found][1]
	end
	return records
end
