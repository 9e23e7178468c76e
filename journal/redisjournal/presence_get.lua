-- Hear: what the nodes say of a log that has not expired.
-- KEYS: 1 here, 2 said, as in Tell
-- ARGV: 1 the node that asks, which is left out; 2 how many bytes to answer
-- Answers {node, bytes, node, bytes, …}.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local all, answer, size = redis.call('HGETALL', KEYS[1]), {}, 0
for i = 1, #all, 2 do
	if all[i] ~= ARGV[1] and tonumber(all[i + 1]) > now then
		local said = redis.call('HGET', KEYS[2], all[i])
		size = size + (said and #said or 0)
		if size > tonumber(ARGV[2]) then
			break
		end
		if said then
			answer[#answer + 1] = all[i]
			answer[#answer + 1] = said
		end
	end
end
return answer
