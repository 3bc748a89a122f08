int ipg_probe_catches_its_panic(void);
