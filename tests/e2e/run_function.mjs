// Runs a platform's function (a fetch handler) as a server: run_function.mjs FILE PORT HUB_PORT.
// Its fetch of any registry goes to the stand-in at HUB_PORT, under the name of that registry.
import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";

const [file, port, hub] = process.argv.slice(2);

globalThis.fetch = (url, init) =>
  new Promise((resolve, reject) => {
    const asked = new URL(url);
    const options = {
      host: "127.0.0.1",
      port: Number(hub),
      path: asked.pathname + asked.search,
      method: init.method,
      headers: { ...Object.fromEntries(init.headers), host: asked.host },
      rejectUnauthorized: false,
    };
    if (init.redirect !== "manual") reject(new Error("the function would follow redirects itself"));
    const request = https.request(options, (got) => {
      const body = init.method === "HEAD" ? null : Readable.toWeb(got);
      resolve(new Response(body, { status: got.statusCode, headers: got.headers }));
    });
    request.on("error", reject);
    request.end();
  });

const module = await import(file);
const handler = module.default.fetch ?? module.default;
const server = http.createServer(async (asked, answer) => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(asked.headersDistinct)) headers.set(name, value.join(", "));
  const got = await handler(new Request(`http://${asked.headers.host}${asked.url}`, { method: asked.method, headers }));
  answer.writeHead(got.status, Object.fromEntries(got.headers));
  if (got.body) Readable.fromWeb(got.body).pipe(answer);
  else answer.end();
});
server.listen(Number(port), "127.0.0.1", () => console.log("listening"));
