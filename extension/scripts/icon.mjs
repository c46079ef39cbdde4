// Draws media/icon.png: a curve, and the steps that it is quantized to.
import { writeFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';

const SIZE = 128;
const SAMPLES = 4;
const MARGIN = 18;
const INK = { ground: [18, 50, 74], curve: [122, 178, 214], steps: [255, 196, 61] };

/** Height of the curve from 0 to 1 at x from 0 to 1. */
const curve = (x) => 0.5 - 0.42 * Math.sin(2 * Math.PI * (x * 0.92 + 0.04));
const LEVELS = 5;
const level = (x) => Math.round(curve(x) * LEVELS) / LEVELS;

const inside = (value) => (value - MARGIN) / (SIZE - 2 * MARGIN);
const pixels = (value) => MARGIN + value * (SIZE - 2 * MARGIN);

/** Distance in pixels from a point to a line of points. */
function polyline(points) {
  return (x, y) => {
    let best = Infinity;
    for (let i = 1; i < points.length; i += 1) {
      const [ax, ay] = points[i - 1];
      const [bx, by] = points[i];
      const length = (bx - ax) ** 2 + (by - ay) ** 2;
      const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
      best = Math.min(best, Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)));
    }
    return best;
  };
}

const columns = Array.from({ length: 93 }, (_, i) => i / 92);
const smooth = polyline(columns.map((x) => [pixels(x), pixels(curve(x))]));
const stepped = polyline(columns.flatMap((x, i) => {
  const before = level(columns[Math.max(0, i - 1)]);
  return [[pixels(x), pixels(before)], [pixels(x), pixels(level(x))]];
}));

/** Whether a point is on the rounded square. */
function onGround(x, y) {
  const radius = 24;
  const dx = Math.max(radius - x, x - (SIZE - radius), 0);
  const dy = Math.max(radius - y, y - (SIZE - radius), 0);
  return Math.hypot(dx, dy) <= radius;
}

function colour(x, y) {
  if (!onGround(x, y)) {
    return [0, 0, 0, 0];
  }
  const within = inside(x) > -0.1 && inside(x) < 1.1;
  if (within && stepped(x, y) <= 3.6) {
    return [...INK.steps, 255];
  }
  return [...(within && smooth(x, y) <= 2.2 ? INK.curve : INK.ground), 255];
}

function pixel(column, row) {
  const sum = [0, 0, 0, 0];
  for (let i = 0; i < SAMPLES * SAMPLES; i += 1) {
    const [r, g, b, a] = colour(column + ((i % SAMPLES) + 0.5) / SAMPLES, row + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES);
    sum[0] += r * a;
    sum[1] += g * a;
    sum[2] += b * a;
    sum[3] += a;
  }
  const alpha = sum[3];
  return alpha === 0 ? [0, 0, 0, 0] : [...sum.slice(0, 3).map((part) => Math.round(part / alpha)), Math.round(alpha / SAMPLES ** 2)];
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

const header = Buffer.alloc(13);
header.writeUInt32BE(SIZE, 0);
header.writeUInt32BE(SIZE, 4);
header.set([8, 6, 0, 0, 0], 8);
const rows = Array.from({ length: SIZE }, (_, row) => [0, ...Array.from({ length: SIZE }, (_, column) => pixel(column, row)).flat()]);
const data = deflateSync(Buffer.from(rows.flat()), { level: 9 });
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const png = Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
await writeFile(new URL('../media/icon.png', import.meta.url), png);
