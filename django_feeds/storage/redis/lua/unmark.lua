-- Forget the marks of many timelines, and leave what is not ours.

for _, key in ipairs(KEYS) do
    if redis.call('TYPE', key).ok == 'hash' then
        redis.call('DEL', key)
    end
end
return 0
