-- What the model thinks, while it thinks: its last lines in a small window at the edge of the screen, which takes no focus
-- and goes by itself. `vim.g.glossator_thought = false` keeps it away.

local Float = require('glossator.float')

local M = {}

local WIDTH = 60
local HEIGHT = 6
local PATIENCE = 300 -- milliseconds: a thought that is over by then would only flash
local KEPT = 4 * WIDTH * HEIGHT -- bytes at its end that are looked at

local shown ---@type { key: string, since: integer, float?: glossator.Float }?

--- The last lines of a thought, broken between words.
---@param thought string
---@return string[]
function M.tail(thought)
  local lines = {} ---@type string[]
  -- What is cut may be the half of a character: the first word is left out.
  local text = #thought > KEPT and thought:sub(-KEPT):gsub('^%S*%s*', '') or thought
  for _, paragraph in ipairs(vim.split(vim.trim(text), '%s*\n%s*')) do
    local line = ''
    for word in paragraph:gmatch('%S+') do
      if line ~= '' and vim.fn.strdisplaywidth(line) + 1 + vim.fn.strdisplaywidth(word) > WIDTH then
        table.insert(lines, line)
        line = ''
      end
      line = line == '' and word or (line .. ' ' .. word)
    end
    table.insert(lines, line)
  end
  return vim.list_slice(lines, math.max(1, #lines - HEIGHT + 1))
end

local function gone()
  if shown and shown.float then
    shown.float:close()
  end
  shown = nil
end

--- Takes what the server says of a job. Of two that think the first is shown.
---@param job glossator.Job
function M.told(job)
  local thinks = job.state == 'thinking' and job.thought and vim.g.glossator_thought ~= false
  if shown and (shown.key ~= job.key or not thinks) then
    return shown.key == job.key and gone() or nil
  end
  if not thinks then
    return
  end
  shown = shown or { key = job.key, since = vim.uv.now() }
  if vim.uv.now() - shown.since < PATIENCE then
    return
  end
  if shown.float and not shown.float:open() then
    return -- the user closed it
  end
  if not (shown.float and shown.float:visible()) then
    if shown.float then
      shown.float:close() -- it is in another tab page
    end
    shown.float = Float.new({ width = WIDTH, height = HEIGHT, focusable = false, zindex = 40 })
    vim.wo[shown.float.window].winhighlight = 'NormalFloat:Comment'
  end
  shown.float:show(M.tail(job.thought), (' %s: thinking '):format(job.title), '')
end

--- A server ended, and its jobs with it.
---@param id integer
function M.ended(id)
  if shown and vim.startswith(shown.key, id .. '/') then
    gone()
  end
end

return M
