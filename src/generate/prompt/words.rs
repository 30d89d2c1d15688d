//! The words that prompts are read by, as they are compared. A word that ends in a star stands for
//! all that begin so. German, French, Spanish and Italian words stand beside the English ones where
//! they mean nothing else.

/// Words of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lists(&'static str);

impl Lists {
    /// Whether a word is among them.
    pub(super) fn hold(self, token: &str) -> bool {
        let mut entries = self.0.split_ascii_whitespace();
        entries.any(|entry| match entry.strip_suffix('*') {
            Some(start) => token.starts_with(start),
            None => token == entry,
        })
    }

    #[cfg(test)]
    pub(super) fn entries(self) -> impl Iterator<Item = &'static str> {
        self.0.split_ascii_whitespace()
    }
}

/// Kinds of medical pictures.
pub(super) const TECHNIQUES: Lists = Lists(
    "xray* xr opg radiogra* radiolog* rontgen* ct cta cbct tomogra* tomosynthes* mri mr mra fmri \
     flair dwi t1 t2 stir magnetic ultraso* sono* echocardiogra* echogra* ecografia doppler duplex \
     mammogra* scan scans scanner scintigra* fdg positron spect fluoroscop* angiogra* arteriogra* venogra* \
     arthrogra* urogra* urethrogra* cystogra* cystourethrogra* orthopantomogra* pantomogra* axial \
     coronal sagittal hysterosalpingogra* defecogra* myelogra* barium oct optical fundus \
     fundoscop* histolog* histopatholog* cytolog* patholog* microscop* biops* dermoscop* \
     dermatoscop* endoscop* colonoscop* gastroscop* bronchoscop* cystoscop* laparoscop* \
     arthroscop* dexa dxa elastogra* cholangio* irm resonancia radiografia \
     radiographie echographie mammographie",
);

/// What pictures show of diseases and injuries.
pub(super) const FINDINGS: Lists = Lists(
    "cancer* carcinom* adenocarcinom* tumor* tumour* neoplas* malignan* benign lesion* mass masses \
     nodul* cyst* fibroadenom* adenom* lipom* melanom* nev* sarcom* lymphom* metasta* abscess* \
     calcific* fractur* dislocat* hernia* torsion* stenos* thrombo* hemorrhag* haemorrhag* hematoma* \
     haematoma* pneumon* effusion* edema oedema* infect* inflam* implant* prosthes* hydrocele* \
     varicocele* prolaps* fistul* perforat* lacerat* foreign injur* trauma* fragment* ductal \
     lobular epithel* gland* stroma* anatomy karzinom* fraktur* bruch krebs fractura*",
);

/// Nothing but sexual.
pub(super) const SEXUAL: Lists = Lists(
    "nude* nudity nudist* nudism naked nackt* desnud* porn* erotic* erotik* erotique* erotismo sexy \
     sexting sexshow xxx nsfw hentai fetish* bdsm orgasm* masturbat* blowjob* handjob* cumshot* \
     boob* tits titties pussy dick dicks asshole* slut* whore* hooker* horny lingerie bikini* topless \
     undressed seduct* stripper* prostitut* pedophil* paedophil* lolita* incest* gangbang* \
     threesome* milf* puta",
);

/// Anatomy and words that need a kind of picture beside them.
pub(super) const ANATOMY: Lists = Lists(
    "sex sexo sexe sexual* intercourse coitus nipple* buttock* erect* penis* genital* clitor*",
);

/// Anatomy that is medicine with a kind of picture or a finding.
pub(super) const ANATOMY_OF_MEDICINE: Lists = Lists(
    "breast* penile vagin* vulv* testic* testis testes scrot* anal anus rectal rectum perine* pubic \
     labia* groin* cervix brust mamma",
);

/// Nothing but violence.
pub(super) const VIOLENCE: Lists = Lists(
    "gory tortur* massacr* murder* mord kill kills killed killing slaughter* lynching* lynched genocid* \
     terroris* rape rapes raped raping rapist* cannibal* bloodbath meurtre* asesin* omicidio \
     assassin* gewalt violen*",
);

/// Weapons and deaths, which radiology knows as well.
pub(super) const WEAPONS: Lists = Lists(
    "gun guns gunshot* gunfire pistol* rifle* shotgun* weapon* bullet* knife knives stab stabs stabbed \
     stabbing behead* decapitat* strangl* hanged suicid* corpse* dismember* mutilat* explosi* bomb* \
     grenade* shrapnel gore abuse abused",
);

/// Pictures of people as people.
pub(super) const PORTRAITS: Lists = Lists(
    "portrait* portrat* retrato* ritratto* selfie* headshot* celebrit* deepfake* paparazz* \
     influencer* politician* president* actor* actress* singer*",
);

/// People, who need a kind of picture beside them.
pub(super) const PEOPLE: Lists = Lists(
    "person* people human humans man men woman women boy boys girl girls lady ladies guy guys male \
     female males females child children kid kids baby babies toddler* teenager* adult adults face \
     faces facial smile smiling eyes hair photo photos photograph* selfies crowd family mother father \
     wife husband nurse* doctor* physician* surgeon* frau frauen mann manner gesicht* femme* homme* \
     visage* mujer* hombre* donna donne uomo uomini rostro* volto*",
);

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Lists; 9] = [
        TECHNIQUES,
        FINDINGS,
        SEXUAL,
        ANATOMY,
        ANATOMY_OF_MEDICINE,
        VIOLENCE,
        WEAPONS,
        PORTRAITS,
        PEOPLE,
    ];

    #[test]
    fn a_star_stands_for_all_that_begins_so() {
        assert!(SEXUAL.hold("pornography") && !SEXUAL.hold("spore"));
        assert!(TECHNIQUES.hold("ct") && !TECHNIQUES.hold("ctx"));
    }

    #[test]
    fn entries_are_written_as_words_are_compared() {
        for entry in ALL.into_iter().flat_map(Lists::entries) {
            let word = entry.trim_end_matches('*');
            assert!(word.len() >= 2, "{entry}");
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            assert!(word.bytes().all(is_plain), "{entry}");
        }
    }

    #[test]
    fn no_technique_and_no_finding_is_refused_itself() {
        let medical = TECHNIQUES.entries().chain(FINDINGS.entries());
        for entry in medical {
            let word = entry.trim_end_matches('*');
            for refused in [SEXUAL, VIOLENCE, PORTRAITS] {
                assert!(!refused.hold(word), "{entry}");
            }
        }
    }
}
