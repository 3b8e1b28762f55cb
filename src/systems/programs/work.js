// What systems/generated.full.ts runs in Node.js: arithmetic, objects, strings, typed arrays, regular expressions.
const most = Number(process.argv[2]);
let hash = 0;
for (let i = 0; i < most * 400000; i++) hash = (Math.imul(hash, 31) + (i ^ hash >>> 7)) | 0;
console.log("hash", hash);
const fibonacci = (n) => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));
console.log("fibonacci", fibonacci(20 + most / 2));
class Shape { constructor(size) { this.size = size; } }
class Circle extends Shape { area() { return Math.PI * this.size ** 2; } }
class Square extends Shape { area() { return this.size ** 2; } }
const shapes = Array.from({ length: 1000 }, (_, i) => (i % 3 ? new Square(i) : new Circle(i)));
let sum = 0;
for (let round = 0; round < most * 20; round++) for (const one of shapes) sum += one.area();
console.log("areas", sum);
const words = new Map();
for (let i = 0; i < most * 4000; i++) { const word = `w${(i * 7919) % 1009}`; words.set(word, (words.get(word) ?? 0) + 1); }
console.log("words", words.size, [...words.keys()].sort().slice(0, 5).join());
const x = Float64Array.from({ length: 4096 }, (_, i) => Math.sqrt(i) / (i + 1));
for (let round = 0; round < most * 10; round++) for (let i = 1; i < x.length; i++) x[i] = x[i] * 0.75 + x[i - 1] * 0.25;
console.log("filter", x.reduce((a, b) => a + b));
const text = Array.from({ length: most * 500 }, (_, i) => (i * 2654435761 >>> 0).toString(36)).join(" ");
console.log("matches", [...text.matchAll(/([a-z])\d+\1?/g)].length, text.replace(/\d/g, "").length);
