const http = require('node:http');

// The base image sets it: a new base image is a new text, with no change in this file.
const version = process.env.NODE_VERSION;

http
  .createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`Hello World\nVersion: ${version}\n`);
  })
  .listen(Number(process.env.PORT ?? 80));
