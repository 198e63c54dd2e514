// node bullmq.js REDIS_URL JOBS: no-ops a second, 50 at once, all queued before the worker begins.
const { Queue, Worker } = require("bullmq");

const [url, jobs] = [new URL(process.argv[2]), Number(process.argv[3])];
const connection = { host: url.hostname, port: Number(url.port), password: url.password, maxRetriesPerRequest: null };

(async () => {
  const queue = new Queue("bench", { connection });
  await queue.obliterate({ force: true });
  for (let first = 0; first < jobs; first += 500) {
    await queue.addBulk(Array.from({ length: Math.min(500, jobs - first) }, (_, n) => ({ name: "nothing", data: { n } })));
  }
  let done = 0;
  let began;
  const worker = new Worker("bench", async () => { began ??= process.hrtime.bigint(); }, { connection, concurrency: 50 });
  await new Promise((resolve) => worker.on("completed", () => { if (++done === jobs) resolve(); }));
  console.log(jobs / (Number(process.hrtime.bigint() - began) / 1e9));
  process.exit(0);
})();
