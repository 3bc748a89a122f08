# Takes the examples out of documents and headers and makes sources of them. Says how many there
# are, and fails when there are fewer than `least`.
#
#     awk -v lang=c -v work=DIR -v prelude=FILE -v params="int x" [-v uses="(void)x;"] -v least=24 -f examples.awk FILES
#
# A block of an example that includes a header is a program, and becomes whole_1.c, whole_2.c and so
# on; any other is the body of a function with these parameters, in parts.c after the prelude.
# Blocks may stand in a comment whose lines begin with " * ". One that catches is left out where
# exceptions are off.
BEGIN {
    parts = work "/parts." lang
    while ((getline line < prelude) > 0) print line > parts
}
{ line = $0; sub(/^ *\* ?/, "", line) }
line == "```" lang { inside = 1; body = ""; next }
line == "```" && inside {
    inside = 0
    blocks++
    if (body ~ /catch \(/) body = "#if !defined(__cplusplus) || defined(__cpp_exceptions)\n" body "#endif\n"
    if (body ~ /#include/) print body > (work "/whole_" ++programs "." lang)
    else printf "void example_%d(%s);\nvoid example_%d(%s) {\n%s\n%s}\n", blocks, params, blocks, params, uses, body > parts
    next
}
inside { body = body line "\n" }
END { print blocks + 0 " examples"; exit blocks < least }
