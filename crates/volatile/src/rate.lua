-- The generic cell rate algorithm (ITU-T I.371, annex A: virtual scheduling), all in microseconds of the server's clock.
-- The key holds the theoretical arrival time of the next call, and goes when that has passed.
local step, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + step
-- a key written before the clock was set back must not be refused for ever
arrival = math.min(arrival, now + tolerance + step)
local ahead = arrival - now
if ahead > tolerance then
  return {0, ahead}
end
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil(ahead / 1000))
return {1, ahead}
