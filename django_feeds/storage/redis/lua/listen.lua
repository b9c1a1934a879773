-- Say for some seconds that somebody listens to these timelines.
--
-- KEYS[1]: a sorted set of the timelines that are listened to, each until the time that is its score, in seconds by the
-- server's clock. ARGV: for how many seconds; timelines. Returns how many of these were not in it; -1 where something
-- else is kept under the key.

local live = KEYS[1]
if is_foreign(redis.pcall('ZCARD', live)) then
    return -1
end
local ends, new = redis.call('TIME')[1] + ARGV[1], 0
for index = 2, #ARGV do
    new = new + redis.call('ZADD', live, ends, ARGV[index])
end
return new
