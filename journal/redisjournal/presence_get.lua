-- PresenceStore.List: the presence of the nodes on a log that has not expired.
-- KEYS: 1 here, 2 said, as in presence_put.lua
-- ARGV: 1 the node that lists, which is left out; 2 the limit of bytes
-- Returns {node, bytes, node, bytes, …}.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local all, answer, size = redis.call('HGETALL', KEYS[1]), {}, 0
for i = 1, #all, 2 do
	if all[i] ~= ARGV[1] and tonumber(all[i + 1]) > now then
		local presence = redis.call('HGET', KEYS[2], all[i])
		size = size + (presence and #presence or 0)
		if size > tonumber(ARGV[2]) then
			break
		end
		if presence then
			answer[#answer + 1] = all[i]
			answer[#answer + 1] = presence
		end
	end
end
return answer
