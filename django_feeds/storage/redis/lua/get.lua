-- Read bodies. KEYS: the bucket of each. ARGV: the id of each.
-- Returns one string: the bodies with a zero byte between them, which JSON never holds; a missing one is empty.

local bodies = {}
for number, key in ipairs(KEYS) do
    local body = redis.pcall('HGET', key, ARGV[number])
    bodies[number] = not is_foreign(body) and body or ''
end
return table.concat(bodies, '\0')
