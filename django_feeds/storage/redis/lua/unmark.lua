-- Forget marks. KEYS: hashes as in mark.lua. Returns the numbers of the keys under which something else is kept.

local foreign = {}
for number, key in ipairs(KEYS) do
    if holds_marks(key) then
        redis.call('DEL', key)
    else
        foreign[#foreign + 1] = number
    end
end
return foreign
