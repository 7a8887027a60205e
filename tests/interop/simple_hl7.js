// Sends the messages of standard input (a JSON list of strings) to PORT, one after the other over one
// connection, and prints what came back as a JSON list. With `serve PORT` it listens instead, acknowledges, and
// prints each message as a line of JSON.
const hl7 = require('simple-hl7');

function send(port, messages) {
  const client = hl7.Server.createTcpClient({ host: '127.0.0.1', port, keepalive: true });
  const parser = new hl7.Parser({ segmentSeperator: '\r' });
  const replies = [];
  const next = () => {
    if (replies.length === messages.length) {
      client.close();
      console.log(JSON.stringify(replies));
      return;
    }
    client.send(parser.parse(messages[replies.length]), (error, reply) => {
      if (error) throw error;
      const msa = reply.getSegment('MSA');
      replies.push({
        type: reply.header.getField(7).toString(),
        code: msa.getField(1).toString(),
        control_id: msa.getField(2).toString(),
        segments: reply.segments.map((segment) => segment.name),
      });
      setImmediate(next);
    });
  };
  next();
}

function serve() {
  const app = hl7.tcp();
  app.use((request, response, forward) => {
    console.log(JSON.stringify({ type: request.type, event: request.event, message: request.msg.log() }));
    forward();
  });
  app.use((request, response) => response.end());
  app.start(Number(process.argv[3]));
}

if (process.argv[2] === 'serve') {
  serve();
} else {
  let text = '';
  process.stdin.on('data', (chunk) => { text += chunk; });
  process.stdin.on('end', () => send(Number(process.argv[2]), JSON.parse(text)));
}
