-- Put the same entries on many timelines.
--
-- KEYS: the timelines. ARGV: bound; floor; '1' where the caller vouches that timelines are complete above this floor;
-- the floor above which a timeline must be complete for that, or ''; '1' where timelines that are not there are to be
-- made, as one that is vouched for always is; then the entries, newest first; where one of 30 bytes ends with zeros,
-- its arrival is now.
-- Returns the numbers of the keys under which something else is kept.

local bound, floor, vouched, above = tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1', ARGV[4]
local creates = vouched or ARGV[5] == '1'
local FIRST, LAST = 6, #ARGV
local FEW = 8 -- searched one by one; more are merged with the part of the list that they span
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

local split

-- The entries with their ids as numbers, newest first.
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
        local entries = {}
        for index = FIRST, LAST do
            entries[#entries + 1] = ARGV[index]
        end
        prepend(key, entries)
        length = redis.call('LLEN', key)
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

-- Those of the entries that are above this floor, and these of the timeline's, in one order; of two with one id the new one.
local function merged(old, floor_high, floor_low)
    local lines, index, changed = {}, 1, false
    for _, entry in ipairs(entries_split()) do
        local line, high, low = entry[1], entry[2], entry[3]
        if not newer(high, low, floor_high, floor_low) then
            break
        end
        while old[index] do
            local old_high, old_low = numbers(old[index])
            if not newer(old_high, old_low, high, low) then
                if old_high == high and old_low == low then
                    line = replacement(line, old[index])
                    changed = changed or line ~= old[index]
                    index = index + 1
                else
                    changed = true
                end
                break
            end
            lines[#lines + 1] = old[index]
            index = index + 1
        end
        lines[#lines + 1] = line
    end
    for rest = index, #old do
        lines[#lines + 1] = old[rest]
    end
    return lines, changed or #lines > #old
end

-- Many entries at once: reads and writes again the part of the timeline that they span, and what is behind it.
local function merge(key, lowers_floor)
    local count = redis.call('LLEN', key) - 1
    local floor_high, floor_low = numbers(redis.call('LINDEX', key, -1))
    if lowers_floor then
        local high, low = numbers(floor)
        if newer(floor_high, floor_low, high, low) then
            floor_high, floor_low = high, low
            redis.call('LSET', key, -1, floor)
        end
    end
    if newest then
        local split_entries = entries_split()
        local from = place(key, split_entries[1][2], split_entries[1][3], count)
        local to, same = place(key, oldest_high, oldest_low, count)
        to = same and to + 1 or to
        local lines, changed = merged(entries_between(key, from, to), floor_high, floor_low)
        if changed then
            -- Nothing new, but a full server refuses it; once something is cut off it would refuse nothing any more.
            redis.call('LSET', key, -1, redis.call('LINDEX', key, -1))
            splice(key, from, to, lines, count)
        end
        count = count + #lines - (to - from)
    end
    cut(key, count + 1)
end

-- A timeline that is not there: the entries above the floor, as many as the bound allows, and the floor.
local function create(key)
    local high, low = numbers(floor)
    local lines = merged({}, high, low)
    lines[#lines + 1] = floor
    append(key, lines)
    cut(key, #lines)
end

-- Few entries, each at its place.
local function insert_each(key)
    local count = redis.call('LLEN', key) - 1
    for _, entry in ipairs(entries_split()) do
        count = insert(key, entry[1], entry[2], entry[3], count)
    end
    cut(key, count + 1)
end

-- Is this timeline still what the call before this one left it as? It may have been lost and made anew.
local function goes_on(key, head)
    if not head then
        return false
    end
    local high, low = numbers(redis.call('LINDEX', key, -1))
    return not newer(high, low, numbers(above))
end

local function add(key, head)
    if above ~= '' and not goes_on(key, head) then
        return
    end
    if not head then
        if creates then
            create(key)
        end
    elseif vouched then
        -- A full one was cut perhaps, and what was cut is vouched for by nobody any more.
        merge(key, above == '' or redis.call('LLEN', key) <= bound)
    else
        local high, low = numbers(head)
        if newer(oldest_high, oldest_low, high, low) then
            push(key)
        elseif LAST - FIRST < FEW then
            insert_each(key)
        else
            merge(key, false)
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
