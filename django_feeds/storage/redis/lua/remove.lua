-- Take the same ids off many timelines.
--
-- KEYS: the timelines. ARGV: the ids, newest first. Returns the numbers of the keys under which something else is kept.

local FEW = 16 -- searched one by one; for more, the whole list is read

local function remove_each(key)
    local count = redis.call('LLEN', key) - 1
    for _, id in ipairs(ARGV) do
        local high, low = numbers(id)
        local rank, entry = place(key, high, low, count)
        if entry then
            redis.call('LREM', key, rank * 2 < count and 1 or -1, entry)
            count = count - 1
        end
    end
end

local ids

local function remove_all(key)
    if not ids then
        ids = {}
        for _, id in ipairs(ARGV) do
            ids[id] = true
        end
    end
    local elements, kept = redis.call('LRANGE', key, 0, -1), {}
    for index = 1, #elements - 1 do
        if not ids[string.sub(elements[index], 1, 12)] then
            kept[#kept + 1] = elements[index]
        end
    end
    if #kept < #elements - 1 then
        kept[#kept + 1] = elements[#elements]
        redis.call('DEL', key)
        append(key, kept)
    end
end

local foreign = {}
for number, key in ipairs(KEYS) do
    local head = head_of(key)
    if head == nil then
        foreign[#foreign + 1] = number
    elseif head and #ARGV <= FEW then
        remove_each(key)
    elseif head then
        remove_all(key)
    end
end
return foreign
