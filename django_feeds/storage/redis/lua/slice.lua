-- Read a part of each of many timelines.
--
-- KEYS: the timelines. ARGV: limit; before; after; offset; '1' for the oldest first; and, where the bodies are to come
-- along, what the keys of their buckets begin with, and how many buckets there are. An id that is '' is no limit.
-- Returns for each key { floor, width, entries, bodies }, the entries as one string, each of this width, the bodies as
-- one with zero bytes between; false where there is no timeline; 0 where something else is kept under the key.

local limit, before, after, offset, oldest_first = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
local buckets, number_of_buckets = ARGV[6], tonumber(ARGV[7])

-- The ranks between which the entries with after < id < before are.
local function range(key, count)
    local start, stop = 0, count
    if before ~= '' then
        local high, low = numbers(before)
        local rank, entry = place(key, high, low, count)
        start = entry and rank + 1 or rank
    end
    if after ~= '' then
        local high, low = numbers(after)
        stop = place(key, high, low, count)
    end
    return start, stop
end

local function reversed(entries)
    local turned = {}
    for index = #entries, 1, -1 do
        turned[#turned + 1] = entries[index]
    end
    return turned
end

-- One string; where entries of different widths meet, the short ones are filled up with zeros.
local function joined(entries)
    local width, same = 12, true
    for _, entry in ipairs(entries) do
        same = same and #entry == #entries[1]
        width = math.max(width, #entry)
    end
    if not same then
        for index, entry in ipairs(entries) do
            entries[index] = entry .. string.rep('\0', width - #entry)
        end
    end
    return width, table.concat(entries)
end

local function bodies_of(entries)
    local bodies = {}
    for index, entry in ipairs(entries) do
        local _, digest = numbers(entry)
        local body = redis.pcall('HGET', buckets .. digest % number_of_buckets, string.sub(entry, 1, 12))
        bodies[index] = type(body) == 'string' and body or ''
    end
    return table.concat(bodies, '\0')
end

local function slice(key)
    local count = redis.call('LLEN', key) - 1
    local floor = string.sub(redis.call('LINDEX', key, -1), 1, 12)
    local start, stop = range(key, count)
    if oldest_first then
        start, stop = math.max(start, stop - offset - limit), stop - offset
    else
        start, stop = start + offset, math.min(stop, start + offset + limit)
    end
    if start >= stop then
        return { floor, 12, '' }
    end
    local entries = redis.call('LRANGE', key, start, stop - 1)
    if oldest_first then
        entries = reversed(entries)
    end
    local bodies = buckets and bodies_of(entries)
    local width, text = joined(entries)
    return { floor, width, text, bodies }
end

local slices = {}
for number, key in ipairs(KEYS) do
    local head = head_of(key)
    slices[number] = head and slice(key) or (head == nil and 0)
end
return slices
