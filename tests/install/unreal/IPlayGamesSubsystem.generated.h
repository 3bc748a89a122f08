// What Unreal generates for the header of the subsystem. The substitutes need nothing.
