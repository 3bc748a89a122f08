# Doxygen's view of a header: its first comment, the contract, becomes the page of the file, and
# what is indented there (tables, documents) stays as it is written.
NR == 1            { print "/** @file"; next }
over               { print; next }
/^ \* ```/         { code = !code }
{ indented = !code && /^ \*   / }
indented && !kept  { print " * @verbatim"; kept = 1 }
!indented && kept  { print " * @endverbatim"; kept = 0 }
/^ \*\//           { over = 1 }
{ print }
