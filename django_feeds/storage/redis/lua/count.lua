-- How many entries each timeline has. KEYS: the timelines.
-- Returns for each key a number; -1 where something else is kept under the key.

local counts = {}
for number, key in ipairs(KEYS) do
    local head = head_of(key)
    counts[number] = head and redis.call('LLEN', key) - 1 or (head == nil and -1 or 0)
end
return counts
