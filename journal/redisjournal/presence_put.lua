-- PresenceStore.Put: the presence of a node on a log, until it expires. It is kept in memory
-- only: it goes neither to the append-only file nor to replicas.
-- KEYS: 1 here (hash: node -> when it expires, in ms), 2 said (hash: node -> bytes)
-- ARGV: 1 node, 2 bytes, 3 time to live in ms, 4 the limit of nodes
-- Returns {1}, or {} if there are too many nodes.
redis.set_repl(redis.REPL_NONE)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local all = redis.call('HGETALL', KEYS[1])
local others = 0
for i = 1, #all, 2 do
	if tonumber(all[i + 1]) <= now then
		redis.call('HDEL', KEYS[1], all[i])
		redis.call('HDEL', KEYS[2], all[i])
	elseif all[i] ~= ARGV[1] then
		others = others + 1
	end
end
if others >= tonumber(ARGV[4]) then
	return {}
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now + ARGV[3]))
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for i = 1, 2 do
	if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[3]) then
		redis.call('PEXPIRE', KEYS[i], ARGV[3])
	end
end
return { 1 }
