// The official JavaScript client: the module's path is in the environment (IPLAYGAMES_JS). One call
// after the other. Told, measuring and answering as contender.h says.
const fs = require('fs');
const { Agent } = require('http');
const api = require(process.env.IPLAYGAMES_JS);

const [mode, base_url, count, ...options] = process.argv.slice(2);
const option = Object.fromEntries(options.map(word => word.split(/=(.*)/s).slice(0, 2)));
const calls = Number(count), warm = Number(option.warm || 0), session = option.session || 'abc123';
if (!['session', 'status'].includes(mode)) throw new Error(`unknown mode ${mode}`);

const client = new api.ApiClient(base_url);
for (const scheme of Object.values(client.authentications)) if (scheme.type === 'bearer') scheme.accessToken = 'bench-key';
// Without an agent of ours each call would connect anew: this is what a user who cares would set.
client.requestAgent = new Agent({ keepAlive: true });
const sessions = new api.GameSessionsApi(client);
const player = api.StartAGameSessionRequest.constructFromObject(
    { game_id: 123, player_id: 'player_456', currency: 'USD', country_code: 'US', ip_address: '192.0.2.1' });

const operations = {
    session: [() => sessions.startAGameSession(player), () => sessions.getSessionStatus(session), () => sessions.endAGameSession(session)],
    status: [() => sessions.getSessionStatus(session)],
}[mode];

async function call(i) {
    const answer = await operations[i % operations.length]();
    if (answer.success !== true) throw new Error(JSON.stringify(answer));
}

function own_status(key) {
    return Number(fs.readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${key}:\\s+(\\d+)`, 'm'))[1]);
}

(async () => {
    for (let i = 0; i < warm; i++) await call(i);
    const times = new BigUint64Array(calls);
    const before = process.resourceUsage(), began = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) {
        const from = process.hrtime.bigint();
        await call(i);
        times[i] = process.hrtime.bigint() - from;
    }
    const seconds = Number(process.hrtime.bigint() - began) / 1e9, after = process.resourceUsage();
    if (option.latencies) fs.writeFileSync(option.latencies, times);
    const switches = u => u.voluntaryContextSwitches + u.involuntaryContextSwitches;
    console.log(JSON.stringify({
        calls, seconds,
        user_s: (after.userCPUTime - before.userCPUTime) / 1e6,
        sys_s: (after.systemCPUTime - before.systemCPUTime) / 1e6,
        switches: switches(after) - switches(before),
        rss_kb: own_status('VmHWM'), threads: own_status('Threads'),
    }));
    process.exit(0);
})();
