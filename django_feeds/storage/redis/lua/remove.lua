-- Take the same ids off many timelines.
--
-- KEYS: the timelines. ARGV: the ids, newest first. Returns the numbers of the keys under which something else is kept.

local FEW = 16 -- searched one by one; for more, the part of the list that they span is read

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
local newest_high, newest_low = numbers(ARGV[1])
local oldest_high, oldest_low = numbers(ARGV[#ARGV])

local function remove_many(key)
    if not ids then
        ids = {}
        for _, id in ipairs(ARGV) do
            ids[id] = true
        end
    end
    local count = redis.call('LLEN', key) - 1
    local from = place(key, newest_high, newest_low, count)
    local to, same = place(key, oldest_high, oldest_low, count)
    to = same and to + 1 or to
    local kept = {}
    for _, entry in ipairs(entries_between(key, from, to)) do
        if not ids[string.sub(entry, 1, 12)] then
            kept[#kept + 1] = entry
        end
    end
    if #kept < to - from then
        splice(key, from, to, kept, count)
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
        remove_many(key)
    end
end
return foreign
