-- The configuration of LÖVE. Without a display, run `SDL_VIDEODRIVER=dummy love bindings/love`:
-- LÖVE then opens no window.
HEADLESS = os.getenv "SDL_VIDEODRIVER" == "dummy"

function love.conf(t)
  t.identity = "iplaygames"
  t.window.title = "iplaygames"
  t.modules.audio, t.modules.sound, t.modules.physics, t.modules.joystick = false, false, false, false
  if HEADLESS then
    t.window = nil
    t.modules.window, t.modules.graphics = false, false
  end
end
