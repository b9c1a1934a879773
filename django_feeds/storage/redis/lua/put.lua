-- Keep bodies, each in its bucket, a hash that Redis stores compactly while it is small.
--
-- KEYS: the bucket of each body. ARGV: how many bodies a bucket holds; then for each key its id and body.
-- The oldest go from a full bucket. Returns the numbers of the keys under which something else is kept.

local room = tonumber(ARGV[1])

local function drop_oldest(key)
    local oldest, oldest_high, oldest_low
    for _, id in ipairs(redis.call('HKEYS', key)) do
        if #id == 12 then -- others are not ours
            local high, low = numbers(id)
            if not oldest or newer(oldest_high, oldest_low, high, low) then
                oldest, oldest_high, oldest_low = id, high, low
            end
        end
    end
    return oldest and redis.call('HDEL', key, oldest)
end

local foreign = {}
for number, key in ipairs(KEYS) do
    local length = redis.pcall('HLEN', key)
    if is_foreign(length) then
        foreign[#foreign + 1] = number
    else
        length = length + redis.call('HSET', key, ARGV[2 * number], ARGV[2 * number + 1])
        while length > room and drop_oldest(key) do
            length = length - 1
        end
    end
end
return foreign
