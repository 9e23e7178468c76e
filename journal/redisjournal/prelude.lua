-- What every script begins with.
-- KEYS: 1 log (stream), 2 meta (hash), further ones by script.

-- master raises an error where this is no master, or one that may not write just
-- now (too few replicas, no disk): it is a write that changes nothing, so Redis
-- neither logs nor replicates it.
local function master()
	redis.call('HDEL', KEYS[2], '')
end

-- replica answers the error of one that is no master, or nil: who may not write
-- just now may still be read.
local function replica()
	local told = redis.pcall('HDEL', KEYS[2], '')
	if type(told) == 'table' and string.sub(told.err, 1, 8) == 'READONLY' then
		return told
	end
end

-- may answers an error unless the user may use all of the commands on the keys: a
-- script that is stopped in its middle leaves what it has written.
local function may(commands)
	for _, command in ipairs(redis.acl_check_cmd and commands or {}) do
		if not redis.acl_check_cmd(unpack(command)) then
			return redis.error_reply('NOPERM the user of this connection may not use ' .. command[1])
		end
	end
end

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
