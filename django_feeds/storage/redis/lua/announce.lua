-- Tell those who listen that timelines changed.
--
-- KEYS[1]: a sorted set of the timelines that are listened to, each until the time that is its score; and the channel
-- of the same name. ARGV: the present in seconds; timelines. Returns how many of these somebody listens to.

local live, now, told = KEYS[1], tonumber(ARGV[1]), 0
redis.call('ZREMRANGEBYSCORE', live, '-inf', now)
for index = 2, #ARGV do
    if redis.call('ZSCORE', live, ARGV[index]) then
        redis.call('PUBLISH', live, ARGV[index])
        told = told + 1
    end
end
return told
