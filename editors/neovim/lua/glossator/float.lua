-- A window over the code that shows a few lines: it takes no focus by itself, stays where it was opened, and lies in the
-- half of the screen in which the cursor was not. Knows nothing of what it shows.

---@class glossator.Float
---@field buffer integer
---@field window integer
---@field private size { width: integer, height: integer } what it shows at most
---@field private config vim.api.keyset.win_config
local Float = {}
Float.__index = Float

--- Where the lines of the code end on the screen.
local function bottom()
  return vim.o.lines - vim.o.cmdheight - (vim.o.laststatus > 0 and 1 or 0)
end

---@param lines string[]
---@param title string
---@param footer string
---@return integer width of the widest, in cells
local function widest(lines, title, footer)
  local width = 1
  for _, line in ipairs(vim.list_extend({ title, footer }, lines)) do
    width = math.max(width, vim.fn.strdisplaywidth(line))
  end
  return width
end

--- Opens one. `width`, `height`: the most that it takes of the screen, in cells.
---@param options { width: integer, height: integer, focusable: boolean, zindex: integer }
---@return glossator.Float
function Float.new(options)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].undolevels = -1
  local low = vim.fn.win_screenpos(0)[1] + vim.fn.winline() - 1 > bottom() / 2
  local config = {
    relative = 'editor',
    anchor = low and 'NE' or 'SE',
    row = low and (vim.fn.win_screenpos(1)[1] - 1) or bottom(),
    col = vim.o.columns,
    width = 1,
    height = 1,
    style = 'minimal',
    focusable = options.focusable,
    zindex = options.zindex,
    -- 'winborder' holds where it is set; without a border there is no title
    border = vim.tbl_contains({ '', 'none' }, vim.o.winborder) and 'single' or nil,
  }
  local window = vim.api.nvim_open_win(buffer, false, vim.tbl_extend('error', config, { noautocmd = true }))
  vim.wo[window].wrap = false
  vim.wo[window].winfixbuf = true
  local size = { width = options.width, height = options.height }
  return setmetatable({ buffer = buffer, window = window, size = size, config = config }, Float)
end

--- Whether it is there: a user may close it as any window.
---@return boolean
function Float:open()
  return vim.api.nvim_win_is_valid(self.window)
end

--- Whether the user sees it, in the tab page that is shown.
---@return boolean
function Float:visible()
  return self:open() and vim.api.nvim_win_get_tabpage(self.window) == vim.api.nvim_get_current_tabpage()
end

--- Shows these lines in the place of the last; it grows with them and never shrinks, so that nothing jumps.
---@param lines string[]
---@param title string
---@param footer string
function Float:show(lines, title, footer)
  if not vim.deep_equal(vim.api.nvim_buf_get_lines(self.buffer, 0, -1, false), lines) then
    vim.bo[self.buffer].modifiable = true
    vim.api.nvim_buf_set_lines(self.buffer, 0, -1, false, lines)
    vim.bo[self.buffer].modifiable = false
  end
  local config = vim.deepcopy(self.config)
  local width, height = math.min(self.size.width, vim.o.columns - 2), math.min(self.size.height, vim.o.lines - 5)
  config.width = math.max(config.width, math.min(widest(lines, title, footer), width))
  config.height = math.max(config.height, math.min(#lines, height))
  config.title, config.footer = title, footer ~= '' and footer or nil
  if not vim.deep_equal(config, self.config) then
    self.config = config
    vim.api.nvim_win_set_config(self.window, config)
  end
end

--- Says something else at its lower edge.
---@param footer string
function Float:foot(footer)
  self.config.footer = footer
  vim.api.nvim_win_set_config(self.window, self.config)
end

function Float:close()
  if self:open() then
    vim.api.nvim_win_close(self.window, true)
  end
end

return Float
