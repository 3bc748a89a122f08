-- Without a display, LÖVE runs without its window: SDL_VIDEODRIVER=dummy love bindings/love
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
