-- Tell: what a node says of a log, for a while. It is not for keeping: neither the
-- append-only file nor a replica gets it.
-- KEYS: 1 here (hash: node -> when it expires, in ms), 2 said (hash: node -> bytes)
-- ARGV: 1 node, 2 bytes, 3 for how many ms, 4 how many nodes there may be
-- Answers {1}, or {} where there are too many nodes.
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
