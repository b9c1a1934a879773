-- Keep the newest entries of each timeline; the newest that goes becomes the floor.
--
-- KEYS: the timelines. ARGV: how many. Returns the numbers of the keys under which something else is kept.

local length = tonumber(ARGV[1])
local foreign = {}
for number, key in ipairs(KEYS) do
    local head = head_of(key)
    if head == nil then
        foreign[#foreign + 1] = number
    elseif head and redis.call('LLEN', key) > length + 1 then
        redis.call('LTRIM', key, 0, length)
    end
end
return foreign
