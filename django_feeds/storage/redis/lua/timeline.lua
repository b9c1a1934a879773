-- Put in front of every script.
--
-- A timeline is a list of entries, newest first, and behind them its floor. An entry begins with its id: 12 bytes,
-- here two numbers of 48 bits, which doubles hold exactly. Behind it may be 12 bytes of digests, and behind them
-- 6 of its arrival. Strings are never compared with <, since Redis compares them by the server's locale.

local WIDTHS = { [12] = true, [24] = true, [30] = true }
local AT_ONCE = 5000 -- arguments that Lua's stack surely holds

local function numbers(entry)
    return struct.unpack('>I6I6', entry)
end

local function newer(high, low, than_high, than_low)
    return high > than_high or (high == than_high and low > than_low)
end

-- Does this reply say that something else is kept under the key? Raises any other error.
local function is_foreign(reply)
    if type(reply) ~= 'table' or not reply.err then
        return false
    end
    return string.find(reply.err, 'WRONGTYPE', 1, true) ~= nil or error(reply.err)
end

-- The first element of a timeline: false where there is none, nil where something else is kept under this key.
local function head_of(key)
    local head = redis.pcall('LINDEX', key, 0)
    if head and (is_foreign(head) or not WIDTHS[#head]) then
        return nil
    end
    return head
end

-- How many of the first `count` entries are newer than this id, and the entry of this id, where it is there.
-- Looks at the newest first, in growing steps: what is asked for is usually near.
local function place(key, high, low, count)
    local from, to, step = 0, count, 1
    while from < to do
        local probe = step and math.min(from + step, to) - 1 or math.floor((from + to) / 2)
        local entry = redis.call('LINDEX', key, probe)
        local entry_high, entry_low = numbers(entry)
        if newer(entry_high, entry_low, high, low) then
            from, step = probe + 1, step and step * 2
        elseif entry_high == high and entry_low == low then
            return probe, entry
        else
            to, step = probe, nil
        end
    end
    return from
end

-- The entries from rank `from` up to `to`; Redis takes a -1 for the end.
local function entries_between(key, from, to)
    return from < to and redis.call('LRANGE', key, from, to - 1) or {}
end

-- Write these elements behind, or in front of, those that are there.
local function append(key, elements)
    for start = 1, #elements, AT_ONCE do
        redis.call('RPUSH', key, unpack(elements, start, math.min(start + AT_ONCE - 1, #elements)))
    end
end

local function prepend(key, elements)
    for stop = #elements, 1, -AT_ONCE do
        local some = {}
        for index = stop, math.max(stop - AT_ONCE + 1, 1), -1 do
            some[#some + 1] = elements[index]
        end
        redis.call('LPUSH', key, unpack(some))
    end
end

-- Put these elements in the place of the entries from rank `from` up to `to`, of `count`.
-- Writes what is behind them again, unless they are in front of all: a list has no cheaper way.
local function splice(key, from, to, elements, count)
    if from == 0 and to < count then
        redis.call('LTRIM', key, to, -1)
        prepend(key, elements)
        return
    end
    local behind = redis.call('LRANGE', key, to, -1)
    if from == 0 then
        redis.call('DEL', key)
    else
        redis.call('LTRIM', key, 0, from - 1)
    end
    append(key, elements)
    append(key, behind)
end

-- Are marks kept under this key, as mark.lua writes them, or nothing at all? Looks at some of what is there.
local function holds_marks(key)
    local scan = redis.pcall('HSCAN', key, '0', 'COUNT', '1')
    if is_foreign(scan) then
        return false
    end
    local fields = scan[2]
    for index = 1, #fields, 2 do
        if #fields[index] ~= 6 or #fields[index + 1] ~= 12 then
            return false
        end
    end
    return true
end
