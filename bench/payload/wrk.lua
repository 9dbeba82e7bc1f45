-- Sends the same body as everybody else and prints the totals as one line of JSON.
local file = io.open(os.getenv("BENCH_BODY"), "r")
wrk.method = "POST"
wrk.body = file:read("*l")
file:close()
wrk.headers["Content-Type"] = "application/json"

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\nTOTALS {"requests":%d,"duration_us":%d,"refused":%d,"broken":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
