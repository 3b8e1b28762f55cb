-- What systems/generated.full.ts runs in LuaJIT: arithmetic, tables, strings, foreign structures.
local most = tonumber(arg[1])
local bit, ffi = require("bit"), require("ffi")
local hash = 0
for i = 1, most * 300000 do hash = bit.bxor(bit.rol(hash, 5), i) + 12345; hash = bit.tobit(hash) end
print("hash", hash)
local function fibonacci(n) return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2) end
print("fibonacci", fibonacci(18 + most / 2))
local t = {}
for i = 1, most * 4000 do t[i] = (i * 7919) % 100003 end
table.sort(t)
print("sorted", t[1], t[most * 2000], #t)
ffi.cdef "typedef struct { double x, y, z; } point;"
local points, sum = ffi.new("point[?]", 1000), 0
for i = 0, 999 do points[i].x, points[i].y, points[i].z = i, i / 3, math.sqrt(i) end
for round = 1, most * 40 do for i = 0, 999 do local p = points[i]; sum = sum + p.x * p.y - p.z end end
print("points", string.format("%.17g", sum))
local parts = {}
for i = 1, most * 2000 do parts[#parts + 1] = string.format("%d:%s", i, string.rep("ab", i % 7)) end
local text = table.concat(parts, ",")
print("text", #text, select(2, text:gsub("ba", "")))
print("compiled", (jit.status()))
