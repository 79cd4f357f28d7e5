-- gtach.lua - Wireshark's dissector of the gtach protocol (README.md beside it).
--
--   wireshark -X lua_script:Protocol/gtach.lua
--   tshark -X lua_script:Protocol/gtach.lua -o tls.keylog_file:KEYS -r CAPTURE -Y gtach -V
--
-- or a copy in the folder that Wireshark's "About" calls "Personal Lua Plugins". KEYS is what a daemon writes that was
-- started with `gtach node --debug-tls-keys KEYS`: without it a capture shows no more than that there was TLS.
-- Found by ALPN on any port, and where ALPN was not captured by port 7420. Wireshark 4.0 or newer.

local gtach = Proto("gtach", "gtach")
local K = 1024

-- Fields, with the filter's name, by what the tables of README.md call them.
local f = {
  length = ProtoField.uint32("gtach.length", "length", base.DEC, nil, nil, "Bytes of type and body"),
  type = ProtoField.uint8("gtach.type", "type", base.HEX),
  name = ProtoField.string("gtach.name", "name of the message"),
  id = ProtoField.uint32("gtach.id", "id", base.DEC, nil, nil, "The request that this is, or belongs to"),
  size = ProtoField.uint32("gtach.size", "size", base.DEC, nil, nil, "Bytes of the file"),
  total = ProtoField.uint32("gtach.total", "total", base.DEC, nil, nil, "Bytes of the whole frame of zstd"),
  base = ProtoField.uint8("gtach.base", "base", base.DEC, nil, nil, "Which of the bases, from 1; 0 for none"),
  bitmap = ProtoField.bytes("gtach.bitmap", "bits", base.NONE, "A bit for each bucket that is not empty"),
  bucket = ProtoField.bytes("gtach.bucket", "bucket", base.NONE, "The digest of a bucket"),
  index = ProtoField.bytes("gtach.index", "index", base.NONE, "The SHA-256 of an index"),
  follow = ProtoField.uint32("gtach.follow", "follow", base.DEC, nil, nil, "The id of a follow"),
  claim = ProtoField.uint32("gtach.claim", "claim", base.DEC, nil, nil, "The id of a claim"),
  have = ProtoField.uint32("gtach.have", "have", base.DEC, nil, nil, "How many units the dialler has"),
  urgent = ProtoField.uint8("gtach.urgent", "urgent", base.DEC),
  granted = ProtoField.uint8("gtach.granted", "granted", base.DEC, nil, nil, "1 granted, 0 taken back"),
  range = ProtoField.string("gtach.range", "range", base.ASCII, "The first and the last of some units"),
  object = ProtoField.uint32("gtach.object", "object", base.DEC, nil, nil, "The number of an object in its index"),
  unit = ProtoField.uint32("gtach.unit", "unit", base.DEC, nil, nil, "The number of a unit in its variant"),
  unitDigest = ProtoField.bytes("gtach.unit_digest", "digest of unit", base.NONE),
  digest = ProtoField.bytes("gtach.digest", "digest", base.NONE, "The SHA-256 of a chunk"),
  bytes = ProtoField.bytes("gtach.bytes", "bytes", base.NONE),
}
gtach.fields = {
  f.length, f.type, f.name, f.id, f.size, f.total, f.base, f.bitmap, f.bucket, f.index, f.follow, f.claim, f.have,
  f.urgent, f.granted, f.range, f.object, f.unit, f.unitDigest, f.digest, f.bytes,
}

-- The messages: name, limit of the body in bytes, and either "JSON" or the fields of a binary body in order, each with
-- its bytes, the last one possibly with what repeats it: `rest` for all that is left, `each` for many of that size. In
-- the place of bytes `number` is one as an index spells it, `numbers` all that are left, and `ranges` pairs of them.
local rest, each, number, numbers, ranges = "rest", "each", "number", "numbers", "ranges"
local messages = {
  [0x01] = { "hello", 256 * K, "JSON" },
  [0x02] = { "failure", 256 * K, "JSON" },
  [0x10] = { "getFile", 256 * K, "JSON" },
  [0x11] = { "filePart", 256 * K + 13,
    { { f.id, 4 }, { f.size, 4 }, { f.total, 4 }, { f.base, 1 }, { f.bytes, 1, rest } } },
  [0x12] = { "getBuckets", 256 * K, "JSON" },
  [0x13] = { "buckets", 4132, { { f.id, 4 }, { f.bitmap, 32 }, { f.bucket, 16, each } } },
  [0x14] = { "getEntries", 256 * K, "JSON" },
  [0x15] = { "entries", 256 * K, "JSON" },
  [0x16] = { "getUnitLists", 264, { { f.id, 4 }, { f.follow, 4 }, { f.object, numbers } } },
  [0x17] = { "unitList", 16 * K + 8, { { f.id, 4 }, { f.object, number }, { f.unitDigest, 16, each } } },
  [0x18] = { "getUnit", 76, { { f.id, 4 }, { f.claim, 4 }, { f.have, 4 }, { f.unit, numbers } } },
  [0x19] = { "unit", 64 * K + 8, { { f.id, 4 }, { f.unit, number }, { f.bytes, 1, rest } } },
  [0x1A] = { "watch", 256 * K, "JSON" },
  [0x1B] = { "changed", 256 * K, "JSON" },
  [0x1C] = { "getChunk", 36, { { f.id, 4 }, { f.digest, 32 } } },
  [0x1D] = { "chunkPart", 64 * K + 8, { { f.id, 4 }, { f.total, 4 }, { f.bytes, 1, rest } } },
  [0x1E] = { "follow", 36, { { f.id, 4 }, { f.index, 32 } } },
  [0x1F] = { "have", 64 * K, { { f.id, 4 }, { f.range, ranges } } },
  [0x20] = { "join", 16 * K, "JSON" },
  [0x21] = { "welcome", 768 * K, "JSON" },
  [0x22] = { "claim", 13, { { f.id, 4 }, { f.follow, 4 }, { f.have, 4 }, { f.urgent, 1 } } },
  [0x23] = { "lease", 5, { { f.id, 4 }, { f.granted, 1 } } },
  [0x24] = { "end", 4, { { f.id, 4 } } },
  [0x82] = { "getPeers", 256 * K, "JSON" },
  [0x83] = { "peers", 32 * K, "JSON" },
}

local wrong = {
  oversize = ProtoExpert.new("gtach.frame_oversize", "frame-oversize", expert.group.PROTOCOL, expert.severity.ERROR),
  malformed = ProtoExpert.new(
    "gtach.frame_malformed", "frame-malformed", expert.group.MALFORMED, expert.severity.ERROR),
  violation = ProtoExpert.new(
    "gtach.protocol_violation", "protocol-violation", expert.group.PROTOCOL, expert.severity.ERROR),
}
gtach.experts = { wrong.oversize, wrong.malformed, wrong.violation }

local json = Dissector.get("json")

-- Bits of `buckets` say which buckets the digests are of.
local function bucketNumbers(bitmap)
  local numbers = {}
  for bucket = 0, 255 do
    if bitmap:bitfield(bucket, 1) == 1 then numbers[#numbers + 1] = bucket end
  end
  return numbers
end

local function dissectJSON(body, pinfo, tree)
  local text = body:raw()
  if not text:match("^%s*{.*}%s*$") then tree:add_proto_expert_info(wrong.malformed) return end
  -- Of all members this one is a filter of our own, so that a request and its answer are found together.
  local id = tonumber(text:match('"id"%s*:%s*(%d+)'))
  if id then tree:add(f.id, body, id):set_generated() end
  local info = tostring(pinfo.cols.info)
  if not pcall(json.call, json, body:tvb(), pinfo, tree) then tree:add_proto_expert_info(wrong.malformed) end
  -- What JSON wrote there is not what the packet is about.
  pinfo.cols.protocol, pinfo.cols.info = "gtach", info
  return id
end

-- A number as an index spells it: 7 bits a byte, the lowest first, at most four bytes here. Nil where there is none, else
-- its value and its bytes.
local function readNumber(body, place)
  local value, factor = 0, 1
  for size = 1, math.min(4, body:len() - place) do
    local byte = body:range(place + size - 1, 1):uint()
    value, factor = value + byte % 128 * factor, factor * 128
    if byte < 128 then
      if byte == 0 and size > 1 then return nil end
      return value, size
    end
  end
end

-- One or more numbers; the place behind the last that can be read.
local function dissectNumbers(body, place, field, many, tree)
  repeat
    local value, size = readNumber(body, place)
    if not value then break end
    tree:add(field, body:range(place, size), value)
    place = place + size
  until not many
  return place
end

-- Pairs of numbers: units between a range and the one before it, and units of the range.
local function dissectRanges(body, place, field, tree)
  local start = 0
  while place < body:len() do
    local gap, size = readNumber(body, place)
    local count, more = nil, nil
    if gap then count, more = readNumber(body, place + size) end
    if not count or count == 0 then break end
    start = start + gap
    tree:add(field, body:range(place, size + more), string.format("%d-%d", start, start + count - 1))
    start, place = start + count, place + size + more
  end
  return place
end

local function dissectFields(body, layout, tree)
  local place, id, filled, whole = 0, nil, nil, true
  for _, entry in ipairs(layout) do
    local field, size, repeats = entry[1], entry[2], entry[3]
    local left = body:len() - place
    if size == number or size == numbers then
      local behind = dissectNumbers(body, place, field, size == numbers, tree)
      if behind == place then whole = false break end
      place = behind
    elseif size == ranges then
      place = dissectRanges(body, place, field, tree)
    elseif left < size and repeats ~= each or repeats == each and left % size ~= 0 then
      whole = false
      break
    elseif repeats == rest then
      tree:add(field, body:range(place, left))
      place = body:len()
    elseif repeats == each then
      for position = 0, left / size - 1 do
        local item = tree:add(field, body:range(place, size))
        item:prepend_text("[" .. (filled and filled[position + 1] or math.floor(position)) .. "] ")
        place = place + size
      end
      if filled and #filled ~= left / size then tree:add_proto_expert_info(wrong.malformed) end
    else
      local range = body:range(place, size)
      tree:add(field, range)
      if field == f.id then id = range:uint() end
      if field == f.bitmap then filled = bucketNumbers(range) end
      place = place + size
    end
  end
  if not whole or place ~= body:len() then tree:add_proto_expert_info(wrong.malformed) end
  return id
end

-- Why a receiver has to refuse a frame as soon as its length and type are there.
local function refusal(length, number)
  if length == 0 then return wrong.malformed end
  if length > K * K then return wrong.oversize end
  if not number then return nil end
  local message = messages[number]
  if not message then return number < 0x80 and wrong.violation or nil end
  if length - 1 > message[2] then return wrong.oversize end
  return length == 1 and wrong.malformed or nil
end

local function dissectFrame(tvb, pinfo, tree, refused)
  local item = tree:add(gtach, tvb:range())
  item:add(f.length, tvb:range(0, 4))
  local name, id = "refused", nil
  if tvb:len() > 4 then
    local number = tvb:range(4, 1):uint()
    local message = messages[number]
    name = message and message[1] or number >= 0x80 and "extension" or "unknown"
    item:add(f.type, tvb:range(4, 1)):append_text(" (" .. name .. ")")
    item:add(f.name, tvb:range(4, 1), name):set_generated()
    local body = tvb:len() > 5 and tvb:range(5) or nil
    if refused or not message then
      if body then item:add(f.bytes, body) end
    elseif message[3] == "JSON" then
      id = dissectJSON(body, pinfo, item)
    else
      id = dissectFields(body, message[3], item)
    end
  end
  if refused then item:add_proto_expert_info(refused) end
  local title, info = name .. (id and " " .. id or ""), tostring(pinfo.cols.info)
  item:append_text(", " .. title)
  -- TLS calls it application data before it knows better.
  if info == "" or info:match("^Application Data") then
    pinfo.cols.info = title
  else
    pinfo.cols.info:append(", " .. title)
  end
end

function gtach.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = "gtach"
  -- Not by dissect_tcp_pdus: an error of Lua's within it would leave Wireshark's handling of exceptions in disorder.
  local place = 0
  while place < tvb:len() do
    local left = tvb:len() - place
    local length = left >= 4 and tvb:range(place, 4):uint()
    local refused = length and refusal(length, left > 4 and tvb:range(place + 4, 1):uint())
    if not refused and (left < 5 or left < 4 + length) then
      pinfo.desegment_offset = place
      pinfo.desegment_len = left < 5 and DESEGMENT_ONE_MORE_SEGMENT or 4 + length - left
      return tvb:len()
    end
    -- What follows a frame that is refused is none: all of it goes with it.
    local size = refused and left or 4 + length
    dissectFrame(tvb:range(place, size):tvb(), pinfo, tree, refused)
    place = place + size
  end
  return tvb:len()
end

for _, protocol in ipairs({ "gtach/1", "gtach-join/1" }) do DissectorTable.get("tls.alpn"):add(protocol, gtach) end
DissectorTable.get("tls.port"):add(7420, gtach)
DissectorTable.get("tcp.port"):add(7420, Dissector.get("tls"))
-- Where it was captured behind TLS: "Decode As", or -d tcp.port==PORT,gtach.
DissectorTable.get("tcp.port"):add_for_decode_as(gtach)
