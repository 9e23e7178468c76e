-- The beginning of every script of the journal.
-- KEYS: 1 log (stream), 2 meta (hash); the scripts add further ones.

-- require_master raises an error if this server is no master, or a master that may not write
-- now (too few replicas, no disk). It is a write that changes nothing, so Redis neither writes
-- it to its append-only file nor replicates it.
local function require_master()
	redis.call('HDEL', KEYS[2], '')
end

-- not_master returns the error of a server that is no master, or nil. A master that may not
-- write now may still be read.
local function not_master()
	local result = redis.pcall('HDEL', KEYS[2], '')
	if type(result) == 'table' and string.sub(result.err, 1, 8) == 'READONLY' then
		return result
	end
end

-- not_permitted returns an error unless the user may run all of the commands on the keys, and
-- nil otherwise. A script that stops in the middle leaves what it has written.
local function not_permitted(commands)
	for _, command in ipairs(redis.acl_check_cmd and commands or {}) do
		if not redis.acl_check_cmd(unpack(command)) then
			return redis.error_reply('NOPERM the user of this connection may not use ' .. command[1])
		end
	end
end

-- read_head returns epoch, seq and hash as strings, or an error alone. genesis is the hash of a
-- log that was never written.
local function read_head(genesis)
	local head = redis.call('HMGET', KEYS[2], 'epoch', 'seq', 'hash')
	if head[1] and head[2] and head[3] then
		return head[1], head[2], head[3]
	end
	if head[1] or redis.call('EXISTS', KEYS[1]) == 1 then
		return redis.error_reply('MFCORRUPT the log has records but no head')
	end
	return '1', '0', genesis
end

-- entry returns the fields of record seq in the order of XADD, or nil.
local function entry(seq)
	local id = seq .. '-0'
	local found = redis.call('XRANGE', KEYS[1], id, id)
	return found[1] and found[1][2]
end

-- hash_at returns the stored hash of record seq, or an empty string for 0.
local function hash_at(seq)
	local fields = seq ~= '0' and entry(seq)
	return fields and fields[6] or ''
end

-- read_page returns the records after a sequence number, as one page: {id, fields} each.
local function read_page(after, limit, bytes)
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
