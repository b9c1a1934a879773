-- Raise marks of one timeline.
--
-- KEYS[1]: a hash from a group's 6 bytes to 12, up to when it was seen and read, in milliseconds of 6 bytes each.
-- ARGV: how many groups to forget; these; then for each group to mark, its 6 bytes and the 12 of the mark. The group of
-- six zero bytes is the whole timeline: what says no more than that goes. Returns 0, or 1 for what is not ours.

local key, forget = KEYS[1], tonumber(ARGV[1])
local WHOLE = '\0\0\0\0\0\0'

local function raised(mark, than)
    local seen, read = struct.unpack('>I6I6', mark)
    local seen_before, read_before = struct.unpack('>I6I6', than)
    return struct.pack('>I6I6', math.max(seen, seen_before), math.max(read, read_before))
end

local function is_ours(mark)
    return type(mark) == 'string' and #mark == 12
end

local kept = redis.pcall('HGET', key, WHOLE)
if type(kept) == 'table' and kept.err then
    return is_foreign(kept) and 1
end

for index = 2, forget + 1 do
    redis.call('HDEL', key, ARGV[index])
end
for index = forget + 2, #ARGV, 2 do
    local group, mark = ARGV[index], ARGV[index + 1]
    local before = redis.call('HGET', key, group)
    redis.call('HSET', key, group, is_ours(before) and raised(mark, before) or mark)
    if group == WHOLE then
        local whole = redis.call('HGET', key, WHOLE)
        local all = redis.call('HGETALL', key)
        for place = 1, #all, 2 do
            local says_more = is_ours(all[place + 1]) and raised(whole, all[place + 1]) ~= whole
            if all[place] ~= WHOLE and not says_more then
                redis.call('HDEL', key, all[place])
            end
        end
    end
end
return 0
