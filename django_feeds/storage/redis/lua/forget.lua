-- Drop bodies. KEYS: the bucket of each. ARGV: the id of each.

for number, key in ipairs(KEYS) do
    is_foreign(redis.pcall('HDEL', key, ARGV[number]))
end
return {}
