// Programs of Debian and what they are asked to do, the same in a guest, on Kitten and on the host: cryptography, numbers, languages,
// compression, databases.

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runNatively, script, type Commands } from "./compare.ts";
import { unpackedPackages } from "./packages.ts";

const PACKAGES = [
  "dash", "libc6", "openssl", "libssl3", "zlib1g", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libexpat1", "perl-base", "libcrypt1",
  "gzip", "xz-utils", "liblzma5", "bzip2", "libbz2-1.0", "zstd", "libzstd1", "liblz4-1", "bc", "dc", "diffutils", "libreadline8", "libtinfo6", "libncursesw6", "coreutils", "libacl1", "libattr1",
  "libselinux1", "libpcre2-8-0", "libgmp10", "mawk", "sqlite3", "libsqlite3-0", "libffi8", "libgcc-s1", "libstdc++6", "lua5.4", "liblua5.4-0",
];

const DATA = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3";
const KEY = "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0", IV = "0123456789abcdeffedcba9876543210";
/** A private key of 32 given bytes, as PKCS #8 (RFC 8410). */
const der = (algorithm: string) => `printf '\\060\\056\\002\\001\\000\\060\\005\\006\\003\\053\\145${algorithm}\\004\\042\\004\\040abcdefghijklmnopqrstuvwxyz012345'`;
const openssl = (what: string) => `openssl ${what}`;
const python = (code: string) => `python3.11 -c '\n${code}\n'`;
const perl = (code: string) => `perl -e '\n${code}\n'`;

export const COMMANDS: Commands = {
  "openssl digests": ["md5", "sha1", "sha256", "sha512", "sha3-256", "shake128", "blake2b512", "sm3", "ripemd160"].map((name) => openssl(`dgst -${name} ${DATA}`)).join("; "),
  "openssl ciphers": ["aes-128-cbc", "aes-256-ctr", "aes-192-ofb", "chacha20", "camellia-256-cbc", "aria-128-cbc", "sm4-ctr"]
    .map((name) => openssl(`enc -${name} -K ${KEY.slice(0, /128|sm4/.test(name) ? 32 : /192/.test(name) ? 48 : 64)} -iv ${IV} -in ${DATA} | openssl dgst -sha256`)).join("; "),
  "openssl decrypts what it encrypted": openssl(`enc -aes-256-cbc -K ${KEY} -iv ${IV} -in ${DATA} | openssl enc -d -aes-256-cbc -K ${KEY} -iv ${IV} | openssl dgst -sha256`),
  "openssl pbkdf2 and hmac": `${openssl(`kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt pass:nvl -kdfopt salt:salt -kdfopt iter:5000 PBKDF2`)}; ${openssl(`dgst -sha512 -hmac key ${DATA}`)}; ${openssl(`mac -cipher aes-128-cbc -macopt hexkey:${IV} -in /etc/data CMAC`)}`,
  "ed25519 signature": `${der("\\160")} > /tmp/ed; openssl pkeyutl -sign -rawin -inkey /tmp/ed -keyform DER -in /etc/data | openssl base64`,
  "x25519 public key": `${der("\\156")} | openssl pkey -inform DER -pubout -outform DER | openssl base64`,
  "rsa key, signature and verification": "openssl genrsa -out /tmp/rsa 1024 2>/tmp/log && openssl rsa -in /tmp/rsa -pubout -out /tmp/pub 2>/tmp/log; openssl dgst -sha256 -sign /tmp/rsa -out /tmp/sig /etc/data; openssl dgst -sha256 -verify /tmp/pub -signature /tmp/sig /etc/data; openssl rsa -in /tmp/rsa -check -noout",
  "ecdsa key, signature and verification": "openssl ecparam -name prime256v1 -genkey -noout -out /tmp/ec; openssl ec -in /tmp/ec -pubout -out /tmp/ecpub 2>/tmp/log; openssl dgst -sha384 -sign /tmp/ec -out /tmp/sig /etc/data; openssl dgst -sha384 -verify /tmp/ecpub -signature /tmp/sig /etc/data",
  "python floats": python(`import math, cmath
for i in range(-30, 31):
    x = i * 0.37 + 1e-3
    print(repr([math.sin(x), math.cos(x), math.tan(x), math.exp(x), math.sinh(x), math.atan(x), math.erf(x), math.expm1(x), math.cbrt(x), math.hypot(x, 3), math.fmod(1e10, x), math.frexp(x), x**3, x / 7, round(x, 2), x.hex()]))
    y = abs(x)
    print(repr([math.log(y), math.log2(y), math.log10(y), math.sqrt(y), math.gamma(y), math.lgamma(y), math.pow(y, 1.7), math.acosh(1 + y), cmath.sqrt(complex(x, y)), math.log1p(y), math.nextafter(y, 9), math.ulp(y)]))
print(math.fsum([0.1] * 1000), sum([0.1] * 1000), float("1e-320") * 3, 5e-324 / 2, 1e308 * 10, -1e308 * 10, float("nan"))`),
  "python integers": python(`import math, hashlib
n = math.factorial(1500); print(hashlib.sha256(str(n).encode()).hexdigest(), n % (10**9 + 7), math.isqrt(n).bit_length())
print(pow(3, 2**521 - 3, 2**521 - 1), (7**300) // (3**200), -(7**60) // 10**9, (-(7**60)) % 10**9, math.gcd(2**300 - 1, 2**180 - 1), pow(65537, -1, 2**255 - 19))
print([(a // b, a % b) for a in (7, -7, 2**63, -2**63 - 1) for b in (3, -3, 2**31)])`),
  "python decimals and fractions": python(`import decimal, fractions
decimal.getcontext().prec = 200
print(decimal.Decimal(2).sqrt(), decimal.Decimal(10).ln(), decimal.Decimal("1.5").exp(), decimal.Decimal(1) / 7)
print(sum(fractions.Fraction(1, n) for n in range(1, 200)), fractions.Fraction(3.14159).limit_denominator(1000))`),
  "python hashes and checksums": python(`import hashlib, zlib, binascii
data = open("${DATA}", "rb").read()[:1500000]
for name in sorted(hashlib.algorithms_guaranteed):
    h = hashlib.new(name, data); print(name, h.hexdigest(32) if "shake" in name else h.hexdigest())
print(zlib.crc32(data), zlib.adler32(data), binascii.crc_hqx(data, 0)); packed = zlib.compress(data, 6); print(hashlib.md5(packed).hexdigest(), zlib.decompress(packed) == data)`),
  "python json, random, structures": python(`import json, random, struct, re, string, unicodedata
random.seed(12345); values = [random.gauss(0, 1) for _ in range(2000)]; print(sum(values), min(values), random.sample(range(10**9), 5), random.getrandbits(200))
text = json.dumps({"v": values, "n": {str(i): [i, i / 3, None, True] for i in range(300)}}); again = json.loads(text); print(len(text), again["v"] == values, text[-100:])
print(struct.pack("<dfqe", 3.14, 2.71, -5, 1.5).hex(), struct.unpack("<f", b"\\x01\\x02\\x03\\x04"))
words = re.findall(r"(\\w+?)(\\d+)", text); print(len(words), sorted(set(words))[:20]); print(unicodedata.normalize("NFD", "äöü").encode(), sorted(values)[:3])`),
  "python classes and generators": python(`def primes(n):
    sieve = bytearray([1]) * n
    for i in range(2, int(n ** 0.5) + 1):
        if sieve[i]: sieve[i*i::i] = bytes(len(range(i*i, n, i)))
    return [i for i in range(2, n) if sieve[i]]
p = primes(100000); print(len(p), sum(p))
class V:
    def __init__(s, x, y): s.x, s.y = x, y
    def __add__(s, o): return V(s.x + o.x, s.y + o.y)
v = V(0, 0)
for i in range(30000): v = v + V(i, i / 3)
print(v.x, v.y); print(sorted({k: k * k % 97 for k in range(1000)}.items(), key=lambda e: (e[1], -e[0]))[:10])`),
  "perl regular expressions": perl(`my $t = join " ", map { sprintf "%d:%x:%s", $_, $_ * 2654435761 % 4294967296, chr(97 + $_ % 26) x ($_ % 7) } 1 .. 4000; my $n = 0; my %h;
while ($t =~ /(\\d+):([0-9a-f]*?(?:[a-f]{2}|\\d{3}))[^:]*:(\\w)\\3*/g) { $n++; $h{$3} += $1 } print "$n\\n", join(",", map { "$_=$h{$_}" } sort keys %h), "\\n";
(my $u = $t) =~ s/(\\d+)/$1 * 3/ge; print length $u, " ", unpack("%32C*", $u), "\\n"; print join("|", "a1b22c333" =~ /([a-z])(?=(\\d+))/g), "\\n";`),
  "perl numbers": perl(`for my $i (1 .. 40) { printf "%.17g %.17g %.17g %.17g %e %s\\n", sin($i), atan2($i, 7), exp($i / 9), log($i), $i ** 37.5, $i / 3 } print 2 ** 63, " ", 18446744073709551615 % 1000, " ", -7 % 3, " ", int(-7.5), " ", 1e15 + 0.3, "\\n"; print unpack("H*", pack("dfNnvVw", 3.25, -1.1, 1e9, 513, 513, 77, 300)), "\\n"; srand 5; print join(" ", map { int rand 1000 } 1 .. 20), "\\n"`),
  "mawk": "mawk 'BEGIN { for (i = 1; i < 60; i++) printf \"%.17g %.17g %.17g %.17g %.17g %d\\n\", sin(i), cos(i / 7), exp(i / 3 - 5), log(i), atan2(i, 3) ^ 1.5, i * 1e9 / 7; srand(3); for (i = 0; i < 5; i++) print rand() }'",
  "pi to 500 digits": "echo 'scale=500; 4*a(1)' | bc -l; echo 'scale=60; e(1); l(2); s(1); c(1); j(1,2); 2^300' | bc -l; echo '99 k 2 v p 3 100 ^ p' | dc",
  "lua": `lua5.4 -e 'local s = 0; for i = 1, 60 do s = s + math.sin(i) / i; print(string.format("%.17g %a %d %q", s, i / 7, i << 33 | i, i / 3), i // 7, -i % 7, 2 ^ (i / 2)) end; local t = {}; for i = 1, 20000 do t[i] = (i * 7919) % 20011 end; table.sort(t); print(t[1], t[10000], #t, string.rep("ab", 10):gsub("a", "xy"))'`,
  "sqlite": `sqlite3 :memory: 'create table t(a integer, b real, c text); with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) insert into t select i, i / 7.0, hex(i * 2654435761 % 4294967296) from n; create index x on t(c); select count(*), sum(a), total(b), min(c), max(c), avg(b * b) from t; select a, b, c from t where c like "A%F" order by c limit 10; select round(b, 3), sqrt(a) from t where a % 4999 = 0; select substr(c, 1, 1) k, count(*), group_concat(a % 10, "") from t where a < 300 group by k order by k;'`,
  "coreutils": "factor 1000000007 18446744073709551557 600851475143 4611686014132420609 340282366920938463463374607431768211297; seq -f %.10g 0 0.1 3; printf '%.30f %a %Lg\\n' 3.1415926535 0.1 1e-4000; seq 1 20000 | sort -R --random-source=/etc/data | md5sum; seq 1 5000 | shuf --random-source=" + DATA + " | sort -g | sha1sum; numfmt --to=iec 123456789012; od -A x -t fD -N 400 " + DATA + "; od -t fL -N 160 " + DATA,
  "coreutils checksums": `cksum ${DATA}; for p in md5sum sha1sum sha224sum sha384sum sha512sum b2sum sum base32 base64; do head -c 1000000 ${DATA} | $p | md5sum; done; cksum -a sm3 ${DATA}`,
  "gzip": `gzip -9n < ${DATA} > /tmp/a; sha256sum /tmp/a; gzip -d < /tmp/a | sha256sum; gzip -1n < ${DATA} | md5sum`,
  "xz": `head -c 1500000 ${DATA} > /tmp/b; xz -6 -T1 < /tmp/b > /tmp/a; sha256sum /tmp/a; xz -d < /tmp/a | cmp - /tmp/b; xz --x86 --lzma2=preset=1 -c /tmp/b | xz -dc | cmp - /tmp/b; xz --format=lzma -1 -c /tmp/b | md5sum`,
  "bzip2": `head -c 700000 ${DATA} > /tmp/b; bzip2 < /tmp/b > /tmp/a; sha256sum /tmp/a; bzip2 -d < /tmp/a | cmp - /tmp/b`,
  "zstd": `zstd -q -T1 -c < ${DATA} > /tmp/a; sha256sum /tmp/a; zstd -dqc < /tmp/a | sha256sum; head -c 500000 ${DATA} | zstd -q -15 -c | md5sum`,
};

/** A folder with all of them, and a script /etc/commands. @throws images/no-apt, images/command */
export async function programsRoot(): Promise<string> {
  const root = await unpackedPackages("programs", PACKAGES);
  // scripts lie in /etc of the tree, which both run in
  for (const name of ["etc", "tmp"]) mkdirSync(path.join(root, name), { recursive: true });
  if (!existsSync(path.join(root, "bin/sh"))) symlinkSync("dash", path.join(root, "bin/sh"));
  mkdirSync(path.join(root, "dev"), { recursive: true });
  if (!existsSync(path.join(root, "dev/null"))) runNatively("mknod", ["-m", "666", path.join(root, "dev/null"), "c", "1", "3"]);
  writeFileSync(path.join(root, "etc/data"), Uint8Array.from({ length: 65536 }, (_, index) => Math.imul(index * index + 12345, 2654435761) >>> 24));
  writeFileSync(path.join(root, "etc/commands"), `export LC_ALL=C.UTF-8 PYTHONHASHSEED=0 HOME=/\n${script("/bin/sh", COMMANDS)}`);
  return root;
}
