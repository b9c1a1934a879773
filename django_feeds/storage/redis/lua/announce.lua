-- Tell those who listen that timelines changed.
--
-- KEYS[1]: as in listen.lua, and the channel of the same name. ARGV: timelines. What a process that died left in the
-- set goes. Returns how many timelines somebody listens to; -1 where something else is kept under the key.

local live = KEYS[1]
if is_foreign(redis.pcall('ZREMRANGEBYSCORE', live, '-inf', redis.call('TIME')[1])) then
    return -1
end
for _, timeline in ipairs(ARGV) do
    if redis.call('ZSCORE', live, timeline) then
        redis.call('PUBLISH', live, '+' .. timeline)
    end
end
return redis.call('ZCARD', live)
