-- Put the same entries on many timelines.
--
-- KEYS: the timelines. ARGV: bound; floor; '1' where the caller vouches that timelines are complete above this floor;
-- then the entries, newest first; where one of 30 bytes ends with zeros, its arrival is now.
-- Returns the numbers of the keys under which something else is kept.

local bound, floor, vouched = tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1'
local FIRST, LAST = 4, #ARGV
local FEW = 8 -- searched one by one; for more, the whole list is merged
local UNKNOWN = '\0\0\0\0\0\0'

if FIRST <= LAST and #ARGV[FIRST] == 30 then
    local time = redis.call('TIME')
    local now = struct.pack('>I6', time[1] * 1000 + math.floor(time[2] / 1000))
    for index = FIRST, LAST do
        local entry = ARGV[index]
        if string.sub(entry, 25) == UNKNOWN then
            ARGV[index] = string.sub(entry, 1, 24) .. now
        end
    end
end
local newest, oldest_high, oldest_low = ARGV[FIRST], nil, nil
if newest then
    oldest_high, oldest_low = numbers(ARGV[LAST])
end

local ascending, split

-- All entries, oldest first, as LPUSH wants them.
local function entries_ascending()
    if not ascending then
        ascending = {}
        for index = LAST, FIRST, -1 do
            ascending[#ascending + 1] = ARGV[index]
        end
    end
    return ascending
end

-- All entries with their ids as numbers, newest first.
local function entries_split()
    if not split then
        split = {}
        for index = FIRST, LAST do
            local high, low = numbers(ARGV[index])
            split[#split + 1] = { ARGV[index], high, low }
        end
    end
    return split
end

local function cut(key, length)
    if length > bound + 1 then
        redis.call('LTRIM', key, 0, bound)
    end
end

-- Put all entries in front of those that are there, which are older.
local function push(key)
    local length
    if FIRST == LAST then
        length = redis.call('LPUSH', key, newest)
    else
        local entries = entries_ascending()
        for start = 1, #entries, AT_ONCE do
            length = redis.call('LPUSH', key, unpack(entries, start, math.min(start + AT_ONCE - 1, #entries)))
        end
    end
    cut(key, length)
end

-- The entry as it is kept where `former` is there, which keeps its arrival.
local function replacement(entry, former)
    if #former < 30 then
        return entry
    end
    return string.sub(entry .. UNKNOWN .. UNKNOWN, 1, 24) .. string.sub(former, 25)
end

-- Put one entry at its place among `count` others; returns how many there are now.
local function insert(key, entry, high, low, count)
    local rank, same = place(key, high, low, count)
    if same then
        entry = replacement(entry, same)
        if same ~= entry then
            redis.call('LSET', key, rank, entry)
        end
        return count
    end
    local below = redis.call('LINDEX', key, rank)
    if rank == count and not newer(high, low, numbers(below)) then
        return count -- at or under the floor
    end
    if rank == 0 then
        redis.call('LPUSH', key, entry)
    else
        redis.call('LINSERT', key, 'BEFORE', below, entry)
    end
    return count + 1
end

-- Write the timeline anew: what it has and the entries, both above the floor, as many as the bound allows.
local function merge(key)
    local old = redis.call('LRANGE', key, 0, -1)
    local old_floor = table.remove(old)
    if not old_floor then
        old_floor = floor
    end
    local floor_high, floor_low = numbers(old_floor)
    if vouched then
        local high, low = numbers(floor)
        if newer(floor_high, floor_low, high, low) then
            floor_high, floor_low, old_floor = high, low, floor
        end
    end
    local merged, new, index, number = {}, entries_split(), 1, 1
    local high, low
    if old[1] then
        high, low = numbers(old[1])
    end
    while #merged <= bound do
        local entry, next_old = new[number], old[index]
        if entry and not newer(entry[2], entry[3], floor_high, floor_low) then
            entry = nil
        end
        if entry and (not next_old or not newer(high, low, entry[2], entry[3])) then
            local line = entry[1]
            if next_old and high == entry[2] and low == entry[3] then
                line = replacement(line, next_old)
                index = index + 1
                if old[index] then
                    high, low = numbers(old[index])
                end
            end
            merged[#merged + 1] = line
            number = number + 1
        elseif next_old then
            merged[#merged + 1] = next_old
            index = index + 1
            if old[index] then
                high, low = numbers(old[index])
            end
        else
            merged[#merged + 1] = old_floor
            break
        end
    end
    redis.call('DEL', key)
    append(key, merged)
end

-- Few entries, each at its place.
local function insert_each(key)
    local count = redis.call('LLEN', key) - 1
    for _, entry in ipairs(entries_split()) do
        count = insert(key, entry[1], entry[2], entry[3], count)
    end
    cut(key, count + 1)
end

local function add(key, head)
    if not head or vouched then
        merge(key)
    else
        local high, low = numbers(head)
        if newer(oldest_high, oldest_low, high, low) then
            push(key)
        elseif LAST - FIRST < FEW then
            insert_each(key)
        else
            merge(key)
        end
    end
end

local foreign = {}
for number, key in ipairs(KEYS) do
    local head = head_of(key)
    if head == nil then
        foreign[#foreign + 1] = number
    else
        add(key, head)
    end
end
return foreign
