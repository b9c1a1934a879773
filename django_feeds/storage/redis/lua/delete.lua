-- Forget timelines. KEYS: the timelines. Returns the numbers of the keys under which something else is kept.

local foreign = {}
for number, key in ipairs(KEYS) do
    local head = head_of(key)
    if head == nil then
        foreign[#foreign + 1] = number
    elseif head then
        redis.call('UNLINK', key)
    end
end
return foreign
