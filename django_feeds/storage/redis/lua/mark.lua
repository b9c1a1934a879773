-- Raise marks of one timeline.
--
-- KEYS[1]: a hash from a group's 6 bytes to 12, up to when it was seen and read, in milliseconds of 6 bytes each; the
-- group of zeros is the whole timeline. ARGV: how many groups to forget; these; then for each group to mark its 6 bytes
-- and its mark. Where the whole timeline is marked, what says no more than that goes.
-- Returns the numbers of the keys under which something else is kept.

local key, forget = KEYS[1], tonumber(ARGV[1])
local FIRST, WHOLE = forget + 2, '\0\0\0\0\0\0'

-- The higher of two marks, each number by itself.
local function higher(mark, other)
    local seen, read = numbers(mark)
    local other_seen, other_read = numbers(other)
    return struct.pack('>I6I6', math.max(seen, other_seen), math.max(read, other_read))
end

local function drop_what_says_no_more()
    local whole, all = redis.call('HGET', key, WHOLE), redis.call('HGETALL', key)
    for index = 1, #all, 2 do
        if all[index] ~= WHOLE and higher(whole, all[index + 1]) == whole then
            redis.call('HDEL', key, all[index])
        end
    end
end

if not holds_marks(key) then
    return { 1 }
end
for index = 2, FIRST - 1 do
    redis.call('HDEL', key, ARGV[index])
end
local marks_whole = false
for index = FIRST, #ARGV, 2 do
    local group, mark = ARGV[index], ARGV[index + 1]
    local former = redis.call('HGET', key, group)
    redis.call('HSET', key, group, former and higher(mark, former) or mark)
    marks_whole = marks_whole or group == WHOLE
end
if marks_whole then
    drop_what_says_no_more()
end
return {}
