-- How many entries of each timeline are newer than this id: KEYS: the timelines. ARGV: the id.
-- Returns for each key a number; false where the id is not there; -1 where something else is kept under the key.

local high, low = numbers(ARGV[1])
local ranks = {}
for number, key in ipairs(KEYS) do
    local head = head_of(key)
    local rank, entry = 0, nil
    if head then
        rank, entry = place(key, high, low, redis.call('LLEN', key) - 1)
    end
    ranks[number] = entry and rank or (head == nil and -1)
end
return ranks
