-- Say that a process does not listen to a timeline any more.
--
-- KEYS[1]: as in listen.lua, and the channel of the same name. ARGV[1]: the timeline. Other processes that listen to it
-- hear of that, and say so again. Returns 0; -1 where something else is kept under the key.

local live = KEYS[1]
if is_foreign(redis.pcall('ZREM', live, ARGV[1])) then
    return -1
end
redis.call('PUBLISH', live, '-' .. ARGV[1])
return 0
