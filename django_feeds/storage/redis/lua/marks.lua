-- The marks of each timeline. KEYS: hashes as in mark.lua. Returns for each key its groups and their marks in turn;
-- 0 where something else is kept under the key.

local all = {}
for number, key in ipairs(KEYS) do
    all[number] = holds_marks(key) and redis.call('HGETALL', key) or 0
end
return all
