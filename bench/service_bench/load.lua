-- What wrk sends: GET the path as it is, or POST a user who is new each time. usage: wrk -s load.lua URL -- get|post RUN
local kind, run, count = "get", "", 0

function init(arguments)
  kind, run = arguments[1], arguments[2]
  if kind == "post" then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
  end
end

function request()
  if kind == "get" then return wrk.request() end
  count = count + 1
  return wrk.format(nil, nil, nil, string.format('{"email": "%s-%d@example.com", "name": "Ann Example"}', run, count))
end

function done(summary, latency, _requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"requests": %d, "failed": %d, "microseconds": %d, "p50": %d, "p90": %d, "p99": %d}\n',
    summary.requests, failed, summary.duration, latency:percentile(50), latency:percentile(90), latency:percentile(99)))
end
